/** Playing: the clock goes on by a phase at a time, at the pace that a person chose. */
import { signal } from '../core/state.js';
import { nextPosition } from './steps.js';

const PHASE_MS = 1200;
const WAIT_MS = 100;

/** Speeds as factors. */
export const SPEEDS = [0.5, 1, 2, 4];

/**
 * @param {{source: () => import('./answers.js').Source|null, clock: () => import('./answers.js').Clock,
 *   move: (change: object) => void, isReady: () => boolean}} options `isReady` is false while the
 *   answers of the clock's position are loaded: playing waits for them
 */
export function player({ source, clock, move, isReady }) {
  const isPlaying = signal(false);
  const speed = signal(1);
  let timer = null;

  function goOn() {
    if (!isReady()) {
      timer = setTimeout(goOn, WAIT_MS);
      return;
    }
    const change = nextPosition(source(), clock());
    if (change === null) {
      stop();
      return;
    }
    move(change);
    wait();
  }

  const wait = () => { timer = setTimeout(goOn, PHASE_MS / speed.peek()); };

  function start() {
    if (!source()) return;
    isPlaying.value = true;
    // After the end it begins anew.
    if (nextPosition(source(), clock()) === null) move({ phase: 'forward', step: source().marks[0] ?? 0 });
    else goOn();
    if (timer === null) wait();
  }

  function stop() {
    clearTimeout(timer);
    timer = null;
    isPlaying.value = false;
  }

  return { isPlaying, speed, stop, toggle: () => (isPlaying.peek() ? stop() : start()) };
}
