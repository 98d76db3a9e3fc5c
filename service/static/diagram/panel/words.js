/** One or two sentences on what a phase does to the selected unit; those of the update are in update.js. */
import { count } from '../../core/numbers.js';
import { activationName } from '../model/names.js';

/** @param {import('./selection.js').Selection} selection */
export const summary = (selection) => ({
  forward: forwardWords, loss: lossWords, backward: backwardWords,
}[selection.clock.phase](selection));

function forwardWords({ isRow, explanation, layer }) {
  if (!isRow) {
    return `Means over the ${count(explanation.rows)} rows of the batch. “This row” has the formulas of one row.`;
  }
  if (!layer.activation) return 'What enters this unit, and what leaves it.';
  return `z is the weighted sum of what comes in, plus the bias. ${capital(activationName(layer.activation))} turns it into a.`;
}

function lossWords({ isRow, explanation }) {
  if (!isRow) return `The loss of the batch is the mean of ${count(explanation.rows)} losses, one per row.`;
  return 'The loss says in one number how far the output is from the target.';
}

function backwardWords({ isRow, isOutput, layer, explanation }) {
  if (!isRow) {
    const rows = count(explanation.rows);
    const isEqual = explanation.loss.shares.every((share) => Math.abs(share * explanation.rows - 1) < 1e-6);
    return `The gradient of a weight is the sum of x · δ over the ${rows} rows of the batch. δ of a row in the batch includes its share${
      isEqual ? ` 1/${rows}` : ''} of the loss.`;
  }
  if (isOutput) return 'δ starts at the loss. The gradient of a weight is δ times the value that came in through it.';
  return `Each unit of the next layer sends its δ back through its weight. Their sum, times the slope of ${
    activationName(layer.activation)} at z, is the δ of this unit.`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
