/** Histograms of a step: weights, gradients, updates, z, a and δ per layer. */
import { html, nothing } from '../core/dom.js';
import { count, long, many, percent, short } from '../core/numbers.js';
import { signal } from '../core/state.js';
import { histogram } from '../parts/histogram.js';
import { loadingLine } from '../parts/loading.js';
import { problemView } from '../parts/problem.js';
import { pagedTable } from '../parts/table.js';
import { showsRow } from './answers.js';
import { ask } from './sources/ask.js';
import { titleOf } from './wide/layers.js';
import { loaded } from './wide/loaded.js';

const BINS = 40;
const QUANTITIES = [
  ['pre_activations', 'z', 'value before the activation'], ['activations', 'a', 'output'], ['deltas', 'δ', 'delta'],
  ['weights', 'w', ''], ['gradients', '∂L/∂w', 'gradient of '], ['updates', 'w′ − w', 'change of '],
];
const owner = {};
const isOpen = signal(false);

/**
 * Section of the histograms; they are loaded once it is opened.
 * @param {{jobId: string, answers: import('./answers.js').StepAnswers,
 *   clock: import('./answers.js').Clock}} view
 */
export function distributionsSection(view) {
  return html`<details class="distributions" .open=${isOpen.value}
      @toggle=${(event) => { isOpen.value = event.target.open; }}>
    <summary><h2>Histograms of the step</h2></summary>
    ${isOpen.value ? body(view) : nothing}
  </details>`;
}

function body({ jobId, answers, clock }) {
  const row = showsRow(clock) ? answers.rowShown?.number ?? null : null;
  const question = {
    step: answers.step, bins: BINS,
    ...(clock.fold === null ? {} : { fold: clock.fold }), ...(row === null ? {} : { rows: [row] }),
  };
  const found = loaded(owner, 'distributions', JSON.stringify([jobId, question]), (abort) => (
    ask(`/v1/jobs/${jobId}/distributions`, question, { signal: abort })));
  return html`<div class="stack">
    ${loadingLine(found, `Reading the histograms of step ${count(answers.step)}…`)}
    ${found.problem ? problemView(found.problem, { retry: () => found.reload() }) : nothing}
    ${found.value ? layers(found.value, row, answers.batch.layers) : nothing}
  </div>`;
}

function layers({ at, distributions }, row, explained) {
  const { rows, kept_rows: kept } = distributions;
  return html`<p class="muted">Step ${count(at.step)}. Parameters are counted whole, values of ${row === null
    ? `rows in ${count(kept)} of ${count(rows)} rows of the batch` : `row ${count(row)} alone`}.</p>
    ${distributions.layers.map((layer) => layerView(layer, titleIn(explained, layer.name)))}`;
}

function titleIn(explained, name) {
  const layer = explained.find((one) => one.name === name);
  return layer ? titleOf(explained, layer) : name;
}

function layerView(layer, title) {
  const items = itemsOf(layer);
  return html`<section aria-label="Histograms of ${layer.name}">
    <h3>${title}</h3>
    <ul class="distributions-list">${items.map(card)}</ul>
    <details><summary>Show as a table</summary>${twin(layer, items)}</details>
  </section>`;
}

/** Distributions of a layer with their names; those of parameters one by one. */
function itemsOf(layer) {
  return QUANTITIES.flatMap(([field, symbol, noun]) => {
    const found = layer[field];
    if (!found) return [];
    if ('count' in found) return [{ symbol, name: noun, distribution: found }];
    return Object.entries(found).map(([name, distribution]) => {
      const kind = name.slice(layer.name.length + 1);
      return { symbol: kind === 'bias' ? symbol.replaceAll('w', 'b') : symbol, name: `${noun}${kind}`, distribution };
    });
  });
}

function card({ symbol, name, distribution }) {
  const bins = distribution.histogram;
  const isOne = distribution.minimum === distribution.maximum;
  return html`<li class="distributions-card">
    <p><span class="symbol">${symbol}</span> <span class="muted">${name}</span></p>
    ${bins ? histogram({ ...bins, name }) : html`<p class="muted">No finite values.</p>`}
    <p class="small muted distributions-ends"><span>${short(distribution.minimum)}</span><span>${
      isOne ? nothing : short(distribution.maximum)}</span></p>
    <p class="small muted">${notes(distribution)}</p>
  </li>`;
}

function notes({ count: all, zeros, saturated, not_finite: infinite, mean, std }) {
  const parts = [`${many(all, 'value')}, mean ${short(mean)}, deviation ${short(std)}`];
  if (zeros) parts.push(`${percent(zeros)} exactly 0`);
  if (saturated) parts.push(`${percent(saturated)} saturated`);
  if (infinite) parts.push(`${count(infinite)} not finite`);
  return parts.join('; ');
}

/** Every bin of every histogram of the layer. */
function twin(layer, items) {
  const rows = items.flatMap(({ symbol, name, distribution }) => (
    distribution.histogram?.counts ?? []).map((values, bin) => ({
    key: `${name}.${bin}`,
    cells: [html`${symbol} <span class="muted">${name}</span>`,
      long(distribution.histogram.edges[bin]), long(distribution.histogram.edges[bin + 1]),
      html`<span data-value=${values}>${count(values)}</span>`],
  })));
  return pagedTable({
    key: `distributions.${layer.name}`,
    caption: `Bins of ${layer.name}`,
    head: [{ text: 'Quantity' }, { text: 'from', isNumber: true }, { text: 'to', isNumber: true },
      { text: 'values', isNumber: true }],
    rows,
  });
}
