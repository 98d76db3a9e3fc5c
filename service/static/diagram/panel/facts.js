/** The five numbers of a unit. */
import { html } from '../../core/dom.js';
import { exact, short } from '../../core/numbers.js';
import { shownValue } from '../answers.js';

/** @param {import('./selection.js').Selection} selection */
export const factList = (selection) => html`<dl class="facts">${facts(selection).map(fact)}</dl>`;

const fact = ({ name, value, text, isLater }) => html`<div class=${isLater ? 'later' : ''}>
  <dt>${name}</dt><dd data-value=${isLater || value === null ? '' : exact(value)}>${
    isLater ? 'later' : text ?? short(value)}</dd></div>`;

function facts(selection) {
  const { explained, explanation, clock, drawn, isOutput } = selection;
  const isForward = clock.phase === 'forward';
  const isBefore = isForward || clock.phase === 'loss';
  const value = (quantity) => shownValue(quantity, clock);
  const ends = isOutput ? [
    { name: 'y', value: targetOf(selection), isLater: isForward },
    { name: 'L', value: explanation.loss.value, isLater: isForward },
  ] : [
    { name: '∂L/∂a', value: value(explained.a_gradient), isLater: isBefore },
    middle(selection, isBefore),
  ];
  return [
    { name: 'z', value: value(explained.z) },
    { name: drawn.name.replace(/[₀-₉‚]+$/, ''), value: value(explained.a) },
    ...ends,
    { name: 'δ', value: value(explained.delta), isLater: isBefore },
  ];
}

/** The slope of one row; of a batch, in how many rows the unit is not 0. */
function middle({ explained, explanation, isRow }, isLater) {
  if (isRow) return { name: 'f′(z)', value: explained.slope?.rows[0] ?? null, isLater };
  const active = explained.active_rows;
  return { name: 'a ≠ 0', value: active, text: `${active} of ${explanation.rows}` };
}

/** Target of an output for the row: a number, or 1 for the row's class and 0 for the others. */
function targetOf({ explanation, explained, isRow }) {
  const target = isRow ? explanation.loss.targets[0] : undefined;
  if (target === undefined) return null;
  return Array.isArray(target) ? target[explained.unit] : Number(target === explained.unit);
}
