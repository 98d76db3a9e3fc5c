/** Keys of the diagram: what each changes in the clock, or asks the figure to do. */
import { PHASES } from '../core/clock.js';

const STEPS = 10;
const LETTERS = {
  b: 'mode', g: 'check', t: 'table', '?': 'keys', ',': 'back', '.': 'on', '<': 'back', '>': 'on',
  '[': 'phaseBefore', ']': 'phaseAfter', ';': 'back', ':': 'on',
};
const MOVES = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

/**
 * Effect of a key while the focus is in the figure.
 *
 * Arrows select: they reach units that are not drawn, too. Upright, layers are lines, so that up and
 * down lead from layer to layer.
 *
 * @param {{key: string, shiftKey?: boolean, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean}} event
 * @param {import('./answers.js').Clock} clock
 * @param {import('./model.js').DrawnNetwork} network
 * @param {{isUpright?: boolean, areLettersOn?: boolean, steps?: number}} [options]
 * @returns {{clock: object}|{action: 'panel'|'diagram'|'play'|'check'|'table'|'keys'}|null} the changed
 *   part of the clock, an action, or null for other keys
 */
export function keyEffect(event, clock, network, options = {}) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const { key, shiftKey = false } = event;
  if (MOVES[key]) return move(MOVES[key], clock, network, options.isUpright ?? false);
  if (key === 'Home' || key === 'End') return moveToEnd(key === 'End', clock, network);
  if (key === 'Enter') return { action: 'panel' };
  if (key === 'Escape') return { action: 'diagram' };
  if (key === ' ') return { action: 'play' };
  if (!(options.areLettersOn ?? true)) return null;
  return letterEffect(LETTERS[key.toLowerCase()], shiftKey, clock, options.steps ?? Infinity);
}

function letterEffect(effect, isShifted, clock, steps) {
  const distance = isShifted ? STEPS : 1;
  const phase = (by) => ({ clock: { phase: PHASES[
    (PHASES.indexOf(clock.phase) + by + PHASES.length) % PHASES.length] } });
  switch (effect) {
    case 'phaseBefore': return phase(-1);
    case 'phaseAfter': return phase(1);
    case 'back': return { clock: { step: Math.max(0, clock.step - distance) } };
    case 'on': return { clock: { step: Math.min(steps - 1, clock.step + distance) } };
    case 'mode': return { clock: { mode: clock.mode === 'row' ? 'batch' : 'row' } };
    case undefined: return null;
    default: return { action: effect };
  }
}

/** The unit beside the selected one; the first unit without a selection. */
function move([across, along], clock, network, isUpright) {
  const [byLayer, byUnit] = isUpright ? [along, across] : [across, along];
  const place = network.layers.findIndex((layer) => layer.key === clock.layer);
  if (place < 0 || clock.unit === null) return select(network.layers[0], 0);
  if (!byLayer) return select(network.layers[place], clock.unit + byUnit);
  const next = network.layers[place + byLayer];
  if (!next) return select(network.layers[place], clock.unit);
  return select(next, clock.unit);
}

function moveToEnd(isLast, clock, network) {
  const layer = network.layers.find((one) => one.key === clock.layer) ?? network.layers[0];
  return select(layer, isLast ? layer.unitCount - 1 : 0);
}

const select = (layer, unit) => (layer ? {
  clock: { layer: layer.key, unit: Math.max(0, Math.min(layer.unitCount - 1, unit)), edge: null },
} : null);
