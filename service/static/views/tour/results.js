/** Results of a changed step: losses, slopes, shares of the gradient. */
import { html, nothing } from '../../core/dom.js';
import { count, short } from '../../core/numbers.js';
import { scrollBox } from '../../parts/scroll_box.js';

const numberCell = (value) => html`<span data-value=${value ?? ''}>${short(value)}</span>`;

/** @param {'rate'|'activation'|'penalty'} what @param {import('../../diagram/answers.js').Explanation} batch */
export function resultOf(what, batch, { row, number }) {
  const views = { rate: rateResult, activation: activationResult, penalty: penaltyResult };
  return views[what](batch, row, number);
}

function rateResult({ loss }) {
  const isHigher = loss.after > loss.value;
  return html`<p role="status">Loss of the batch: ${numberCell(loss.value)} before the step, <strong>${numberCell(loss.after)}</strong> after it${
    isHigher ? html`: it has <strong>risen</strong>` : nothing}.</p>`;
}

/** Numbers of the row that the figure shows; of the batch if it shows that. */
function activationResult(batch, row, number) {
  const { units } = (row ?? batch).layers[0];
  const shown = (quantity) => (row ? quantity?.rows[0] : quantity?.batch) ?? null;
  return html`<div class="scroll" ${scrollBox('Results')}><table><caption class="small muted">${row ? `Row ${count(number)}` : 'Means over the batch'}</caption>
    <thead><tr><th scope="col">Hidden unit</th><th scope="col" class="number">z</th><th scope="col" class="number">slope at z</th>
      <th scope="col" class="number">δ of the unit</th></tr></thead>
    <tbody>${units.map((unit) => html`<tr><th scope="row">${unit.unit + 1}</th>${[unit.z, unit.slope, unit.delta].map((quantity) => html`
      <td class="number">${numberCell(shown(quantity))}</td>`)}</tr>`)}</tbody></table></div>`;
}

function penaltyResult({ layers, loss }) {
  const edges = layers.at(-1).units[0].edges;
  return html`<div class="scroll" ${scrollBox('Results')}><table><caption class="small muted">Weights into the output</caption>
    <thead><tr><th scope="col">From unit</th><th scope="col" class="number">weight</th><th scope="col" class="number">of the loss</th>
      <th scope="col" class="number">of the penalty</th><th scope="col" class="number">gradient</th></tr></thead>
    <tbody>${edges.map(({ source, weight, entry }) => html`<tr><th scope="row">${source[0] + 1}</th>${
      [weight, entry.loss_gradient, entry.l2_gradient, entry.gradient].map((value) => html`<td class="number">${numberCell(value)}</td>`)}</tr>`)}</tbody></table></div>
    <p role="status">Loss ${numberCell(loss.value)}, penalty ${numberCell(loss.penalty)}.</p>`;
}
