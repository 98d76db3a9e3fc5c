/**
 * The part of the answers that a clock selects. Their types are described in answer_types.js.
 *
 * @typedef {import('../core/clock.js').Clock} Clock
 * @typedef {import('./answer_types.js').Zero} Zero
 * @typedef {import('./answer_types.js').Quantity} Quantity
 * @typedef {import('./answer_types.js').Formula} Formula
 * @typedef {import('./answer_types.js').Entry} Entry
 * @typedef {import('./answer_types.js').Edge} Edge
 * @typedef {import('./answer_types.js').Unit} Unit
 * @typedef {import('./answer_types.js').Layer} Layer
 * @typedef {import('./answer_types.js').Loss} Loss
 * @typedef {import('./answer_types.js').Update} Update
 * @typedef {import('./answer_types.js').Explanation} Explanation
 * @typedef {import('./answer_types.js').Row} Row
 * @typedef {import('./answer_types.js').Input} Input
 * @typedef {import('./answer_types.js').Output} Output
 * @typedef {import('./answer_types.js').StepAnswers} StepAnswers
 * @typedef {import('./answer_types.js').Source} Source
 */

/** Whether a clock shows one row rather than the batch: the update is always that of the batch. */
export const showsRow = (clock) => clock.mode === 'row' && clock.phase !== 'update';

/**
 * Explanation that a clock shows: of one row, or of the batch.
 * @param {StepAnswers} answers
 * @param {Clock} clock
 * @returns {Explanation}
 */
export const shownExplanation = (answers, clock) =>
  (showsRow(clock) && answers.row ? answers.row : answers.batch);

/**
 * Value that a clock shows of a quantity: that of its one row, or that of the batch.
 * @param {Quantity|null} quantity of `shownExplanation`
 * @param {Clock} clock
 * @returns {number|null}
 */
export const shownValue = (quantity, clock) => {
  if (!quantity) return null;
  return showsRow(clock) ? quantity.rows[0] ?? quantity.batch : quantity.batch;
};

/** Name of an edge's source in a clock: its indices, joined by dots. */
export const edgeKey = (edge) => (edge.source ?? []).join('.');
