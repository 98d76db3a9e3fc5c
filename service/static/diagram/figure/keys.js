/** Keys of the figure. */
import { areLettersOn } from '../../core/keys.js';
import { focusUnit } from '../drawing.js';
import { keyEffect } from '../keyboard.js';
import { stepBy } from '../steps.js';

const UPRIGHT_WIDTH = 620;
const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'];
const CONTROLS = 'button, a, summary, input, select, textarea';

/** Act on a key that is pressed while the focus is in the figure or in its panel. */
export function handleKey(event, state, { source, clock, check = () => {} }) {
  const network = state.network.peek();
  if (!network || !source() || isOfControl(event)) return;
  const effect = keyEffect(event, clock(), network, {
    isUpright: state.width.peek() < UPRIGHT_WIDTH,
    areLettersOn: areLettersOn.peek(),
    steps: source().steps,
  });
  if (!effect || effect.action === 'keys') return;
  event.preventDefault();
  if (effect.clock) change(state, effect.clock, source(), clock(), event);
  else act(state, effect.action, check);
}

/** Controls keep their own keys; arrows and Enter act on the drawing only. */
function isOfControl(event) {
  const { key, target } = event;
  const isInDrawing = target.closest('svg.network') !== null;
  if (ARROWS.includes(key) || key === 'Enter') return !isInDrawing;
  if (key === ' ') return target.closest(CONTROLS) !== null;
  return target.closest('input:not([type="range"]), select, textarea') !== null;
}

function change(state, changed, source, clock, event) {
  const by = changed.step === undefined ? 0 : changed.step - clock.step;
  state.move(by ? { step: stepBy(source, clock.step, by) } : changed);
  if (ARROWS.includes(event.key)) {
    queueMicrotask(() => focusUnit(state.root.value, { ...clock, ...changed }));
  }
}

function act(state, action, check) {
  const root = state.root.value;
  const panel = root.querySelector('aside.panel');
  switch (action) {
    case 'panel': panel.focus(); break;
    case 'diagram': focusUnit(root, state.shownClock.peek()); break;
    case 'play': state.play.toggle(); break;
    case 'table': state.isTableOpen.value = !state.isTableOpen.value; break;
    case 'check': check(); break;
    default:
  }
}
