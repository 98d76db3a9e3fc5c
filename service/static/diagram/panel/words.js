/** One or two sentences on what a phase does to the selected unit. */
import { count, short } from '../../core/numbers.js';
import { activationName } from '../model/names.js';
import { optimizerName } from './update.js';

/** @param {import('./selection.js').Selection} selection */
export const summary = (selection) => ({
  forward: forwardWords, loss: lossWords, backward: backwardWords, update: updateWords,
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
    return `The gradient of a weight is the mean of ${count(explanation.rows)} products, one for each row of the batch.`;
  }
  if (isOutput) return 'δ starts at the loss. The gradient of a weight is δ times the value that came in through it.';
  return `Each unit of the next layer sends its δ back through its weight. Their sum, times the slope of ${
    activationName(layer.activation)} at z, is the δ of this unit.`;
}

function updateWords({ answers, edge, isBias, explained }) {
  const { update, rows } = answers.batch;
  const entry = isBias ? explained.bias : edge?.entry;
  const change = entry?.change ?? null;
  const moved = change === null ? '' : ` moves this ${isBias ? 'bias' : 'weight'} by ${short(change)}.`;
  const whole = `the gradient of ${rows === 1 ? 'the row' : `all ${count(rows)} rows`}`;
  return moved ? `${optimizerName(update.optimizer)}${moved} It uses ${whole}.` : `The update uses ${whole}.`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
