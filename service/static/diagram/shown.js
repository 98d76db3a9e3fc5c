/** The part of the answers that a clock selects. */

/** Whether a clock shows one row rather than the batch: the update is always that of the batch. */
export const showsRow = (clock) => clock.mode === 'row' && clock.phase !== 'update';

/**
 * Explanation that a clock shows: of one row, or of the batch.
 * @param {import('./answers.js').StepAnswers} answers
 * @param {import('../core/clock.js').Clock} clock
 * @returns {import('./answers.js').Explanation}
 */
export const shownExplanation = (answers, clock) =>
  (showsRow(clock) && answers.row ? answers.row : answers.batch);

/**
 * Value that a clock shows of a quantity: that of its one row, or that of the batch.
 * @param {import('./answers.js').Quantity|null} quantity of `shownExplanation`
 * @param {import('../core/clock.js').Clock} clock
 * @returns {number|null}
 */
export const shownValue = (quantity, clock) => {
  if (!quantity) return null;
  return showsRow(clock) ? quantity.rows[0] ?? quantity.batch : quantity.batch;
};

/** Name of an edge's source in a clock: its indices, joined by dots. */
export const edgeKey = (edge) => (edge.source ?? []).join('.');
