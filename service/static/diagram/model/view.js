/** The part of the answers that a clock shows: one row, or the batch. */
import { shownExplanation, showsRow } from '../answers.js';
import { known, none } from './number.js';

/**
 * @typedef {object} View
 * @property {import('../answers.js').StepAnswers} answers
 * @property {import('../answers.js').Clock} clock
 * @property {import('../answers.js').Explanation} explanation
 * @property {boolean} isRow whether its numbers are those of one row
 * @property {string} path JSON pointer of the explanation
 */

/** @returns {View} */
export function viewOf(answers, clock) {
  const isRow = showsRow(clock) && Boolean(answers.row);
  const explanation = shownExplanation(answers, clock);
  return { answers, clock, explanation, isRow, path: isRow ? '/row' : '/batch' };
}

/** Number of a quantity: that of the row, or that of the batch. `path` is the quantity's. */
export function numberOf(view, symbol, quantity, path) {
  if (!quantity) return none(symbol);
  if (view.isRow) {
    const cause = quantity.zeros?.[0] ?? null;
    return known(symbol, quantity.rows[0] ?? quantity.batch, rowPath(quantity, path), cause);
  }
  return known(symbol, quantity.batch, `${path}/batch`, commonCause(quantity));
}

const rowPath = (quantity, path) => (quantity.rows.length ? `${path}/rows/0` : `${path}/batch`);

/** Cause of the zeros of all shown rows, if it is one and the same. */
function commonCause({ batch, zeros }) {
  if (batch !== 0 || !zeros?.length) return null;
  return zeros.every((cause) => cause === zeros[0]) ? zeros[0] : null;
}

/** Position in row-major order of an index into a shape. */
export const flatIndex = (index, shape) => index.reduce((flat, one, axis) => (
  flat * shape[axis] + one), 0);
