/** Results of a changed step: losses, slopes, shares of the gradient. */
import { html, nothing } from '../../core/dom.js';
import { short } from '../../core/numbers.js';
import { scrollBox } from '../../parts/scroll_box.js';

const number = (value) => html`<span data-value=${value ?? ''}>${short(value)}</span>`;

/** @param {'rate'|'activation'|'penalty'} what @param {import('../../diagram/answers.js').Explanation} batch */
export function resultOf(what, batch, { row, place }) {
  const views = { rate: rateResult, activation: activationResult, penalty: penaltyResult };
  return views[what](batch, row, place);
}

function rateResult({ loss }) {
  const isHigher = loss.after > loss.value;
  return html`<p role="status">Loss of the batch: ${number(loss.value)} before the step, <strong>${number(loss.after)}</strong> after it${
    isHigher ? html`: it has <strong>risen</strong>` : nothing}.</p>`;
}

function activationResult(batch, row, place) {
  const { units } = batch.layers[0];
  return html`<div class="scroll" ${scrollBox('Results')}><table><caption class="small muted">Row ${place + 1} of the batch</caption>
    <thead><tr><th scope="col">Hidden unit</th><th scope="col" class="number">z</th><th scope="col" class="number">slope at z</th>
      <th scope="col" class="number">δ of the unit</th></tr></thead>
    <tbody>${units.map((unit) => html`<tr><th scope="row">${unit.unit + 1}</th>${[unit.z, unit.slope, unit.delta].map((quantity) => html`
      <td class="number">${number(quantity?.rows[place] ?? null)}</td>`)}</tr>`)}</tbody></table></div>
    <p class="small muted">δ is that of the batch’s mean loss, a quarter of the row’s own.</p>`;
}

function penaltyResult({ layers, loss }) {
  const edges = layers.at(-1).units[0].edges;
  return html`<div class="scroll" ${scrollBox('Results')}><table><caption class="small muted">Weights into the output</caption>
    <thead><tr><th scope="col">From unit</th><th scope="col" class="number">weight</th><th scope="col" class="number">of the loss</th>
      <th scope="col" class="number">of the penalty</th><th scope="col" class="number">gradient</th></tr></thead>
    <tbody>${edges.map(({ source, weight, entry }) => html`<tr><th scope="row">${source[0] + 1}</th>${
      [weight, entry.loss_gradient, entry.l2_gradient, entry.gradient].map((value) => html`<td class="number">${number(value)}</td>`)}</tr>`)}</tbody></table></div>
    <p role="status">Loss ${number(loss.value)}, penalty ${number(loss.penalty)}.</p>`;
}
