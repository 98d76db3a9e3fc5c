/** Answers of the clock's position: the old ones stay until the next ones are there. */
import { resource } from '../../core/resource.js';
import { computed, effect, untracked } from '../../core/state.js';
import { showsRow } from '../answers.js';
import { unitOf } from '../panel/selection.js';
import { rested } from './rest.js';

/** Held keys change the position faster than a step can be explained. */
const REST_MS = 150;

/**
 * @param {() => import('../answers.js').Source|null} source
 * @param {() => import('../answers.js').Clock} clock
 * @returns {{value: {answers: import('../answers.js').StepAnswers, clock: import('../answers.js').Clock}|null,
 *   problem: Error|null, isLoading: boolean, isBehind: boolean, reload: () => void, close: () => void}}
 *   `isBehind` is true while the answers are those of another position
 */
export function loadedAnswers(source, clock) {
  const wanted = computed(() => positionKey(source(), clock()));
  const load = async (signal) => {
    const [from, at] = untracked(() => [source(), clock()]);
    if (!from) return null;
    const key = positionKey(from, at);
    return { answers: await from.load(at, { signal }), clock: at, key };
  };
  const found = resource(load);
  const ask = rested(() => untracked(() => found.reload()), REST_MS);
  let last = wanted.peek();
  const stop = effect(() => {
    if (wanted.value === last) return;
    last = wanted.value;
    ask.call();
  });
  return {
    get value() { return found.value; },
    get problem() { return found.problem; },
    get isLoading() { return found.isLoading; },
    get isBehind() { return found.value?.key !== wanted.value && !found.problem; },
    reload: () => found.reload(),
    close: () => { stop(); ask.close(); found.close(); },
  };
}

/** The part of a position that answers depend on: a phase only in whether it shows one row. */
function positionKey(source, clock) {
  const { fold, step, layer, unit, mode, row } = clock;
  return source && JSON.stringify([source.key, fold, step, layer, unit, mode, row, showsRow(clock)]);
}

/**
 * Clock that is drawn: that of the person where the answers have its step and row, else the one of
 * the answers, with the phase and selection of now.
 */
export function drawnClock(loaded, clock) {
  if (!loaded) return clock;
  const { answers, clock: old } = loaded;
  const isSameStep = old.step === clock.step && old.fold === clock.fold;
  const hasRow = clock.mode === 'batch' || answers.row !== null;
  const selected = { layer: clock.layer, unit: clock.unit, edge: clock.edge };
  const isKnown = unitOf(answers.batch, selected) || unitOf(answers.details, selected);
  const selection = isKnown || clock.layer === null ? selected
    : { layer: old.layer, unit: old.unit, edge: old.edge };
  if (!isSameStep || !hasRow) return { ...old, phase: clock.phase, ...selection };
  return { ...clock, step: answers.step, ...selection };
}
