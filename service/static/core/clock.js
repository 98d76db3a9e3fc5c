/**
 * The clock of the diagram: everything that is drawn is a function of it and of the answers.
 * @typedef {object} Clock
 * @property {number|null} fold index of the fold, null for the final network
 * @property {number} step update from the weights after `step` steps to those after `step` + 1
 * @property {'forward'|'loss'|'backward'|'update'} phase
 * @property {string|null} layer name of the selected unit's layer, such as `layers.0`
 * @property {number|null} unit index of the selected unit within its layer, from 0
 * @property {string|null} edge indices of the selected edge's source, such as `3` or `0.2.1`
 * @property {'row'|'batch'} mode
 * @property {number|null} row row of the dataset; null is the first row of the batch
 */

/** Phases of a step, in their order. */
export const PHASES = ['forward', 'loss', 'backward', 'update'];

/** Clock of a view's parameters. What is missing or cannot be read has its value in `defaults`. */
export function parseClock(params, defaults = {}) {
  const fallback = {
    fold: null, step: 0, phase: 'backward', layer: null, unit: null, edge: null, mode: 'row', row: null,
    ...defaults,
  };
  const one = (name, allowed) => (allowed.includes(params[name]) ? params[name] : fallback[name]);
  return {
    fold: whole(params.fold, fallback.fold),
    step: whole(params.step, fallback.step),
    phase: one('phase', PHASES),
    layer: params.layer ?? fallback.layer,
    unit: whole(params.unit, fallback.unit),
    edge: params.edge ?? fallback.edge,
    mode: one('mode', ['row', 'batch']),
    row: whole(params.row, fallback.row),
  };
}

/** Parameters of a view's address that hold the clock. */
export function clockParams(clock) {
  const { fold, step, phase, layer, unit, edge, mode, row } = clock;
  return { fold, step, phase, layer, unit, edge, mode, row };
}

const whole = (text, fallback) => (/^\d{1,15}$/.test(text ?? '') ? Number(text) : fallback);
