/** The loss: L before the step, after it, and what is true. */
import { count, exact } from '../../core/numbers.js';
import { lossTitle } from './names.js';
import { known, later } from './number.js';

/** The loss of what a clock shows. */
export function lossOf(view) {
  const { loss } = view.explanation;
  const { phase } = view.clock;
  const symbol = { base: 'L', sub: '', spoken: 'loss' };
  const after = { ...symbol, isNew: true, spoken: 'loss after the step' };
  const value = {
    forward: () => later(symbol),
    update: () => known(after, loss.after, `${view.path}/loss/after`),
  }[phase] ?? (() => known(symbol, loss.value, `${view.path}/loss/value`));
  return {
    title: lossTitle(view.answers.lossName),
    value: value(),
    truth: view.isRow ? truthOf(view) : `mean of ${count(view.explanation.rows)}`,
  };
}

function truthOf(view) {
  const { outputs, rowShown } = view.answers;
  const targets = [...new Set((outputs?.shown ?? []).map((output) => output.target))];
  const values = rowShown?.values ?? {};
  if (targets.length !== 1) return targets.length ? `${targets.length} targets` : '';
  const value = values[targets[0]];
  if (value === null || value === undefined) return '';
  return typeof value === 'number' ? `${targets[0]} = ${exact(value)}` : `true: ${value}`;
}
