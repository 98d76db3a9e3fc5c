/** Which rows of the batch push a weight which way: x · δ per row. */
import { html, nothing, svg } from '../core/dom.js';
import { count, long, short, signOf } from '../core/numbers.js';
import { pagedTable } from '../parts/table.js';
import { sameEdge } from './panel/selection.js';

const WIDTH = 320;
const HEIGHT = 72;
const LEAST = 0.75;

/** @param {{selection: import('./panel/selection.js').Selection, id: string}} options */
export function rowBars({ selection, id }) {
  const { answers, details, edge, drawn, explained, isBias } = selection;
  const products = isBias ? details?.delta?.rows ?? explained.delta?.rows
    : (details && edge && sameEdge(details, edge)?.contribution?.rows);
  if (!products?.length) return nothing;
  const { first_row: first, rows_left_out: left } = answers.details ?? answers.batch;
  const names = answers.rows.shown.slice(first, first + products.length).map(({ number }, place) => (
    `row ${count(number ?? place)}`));
  return html`<div class="row-bars"><h3>Which rows push <span class="symbol">${
    weightName(edge, drawn, isBias)}</span> which way</h3>
    ${bars(products, names)}
    ${left ? html`<p class="small muted">${count(products.length)} of ${count(products.length + left)} rows.</p>` : nothing}
    <details><summary>Rows as a table</summary>${pagedTable({
      key: `${id}-row-bars`,
      caption: 'Share of each row in the gradient',
      head: [{ text: 'Row' }, { text: 'x · δ', isNumber: true }],
      rows: products.map((value, place) => ({ key: String(place), cells: [names[place], long(value)] })),
    })}</details></div>`;
}

const weightName = (edge, drawn, isBias) => {
  const target = drawn.unit + 1;
  if (isBias) return `b${digits(target)}`;
  const source = edge.source.map((one) => one + 1).join('‚');
  return `w${digits(source)}${source.length > 1 || target > 9 ? '‚' : ''}${digits(target)}`;
};
const digits = (value) => String(value).replace(/\d/g, (digit) => '₀₁₂₃₄₅₆₇₈₉'[digit]);

function bars(products, names) {
  const top = Math.max(...products.map(Math.abs)) || 1;
  const width = WIDTH / products.length;
  const gap = Math.min(2, width / 6);
  return html`<svg class="products" viewBox="0 0 ${WIDTH} ${HEIGHT + 16}" role="img" aria-label=${spoken(products)}>
    ${products.map((value, place) => bar(value, place, { top, width, gap, name: names[place] }))}
    <path class="base" d="M0 ${HEIGHT / 2}H${WIDTH}"/>
    <text x="0" y=${HEIGHT + 12}>${names[0]}</text>
    ${names.length > 1 ? svg`<text x=${WIDTH} y=${HEIGHT + 12} text-anchor="end">${names.at(-1)}</text>` : nothing}</svg>`;
}

function bar(value, place, { top, width, gap, name }) {
  const height = Math.max((Math.abs(value) / top) * (HEIGHT / 2 - 2), LEAST);
  return svg`<rect class=${signOf(value)} x=${(place * width + gap).toFixed(1)} width=${(width - 2 * gap).toFixed(1)}
    y=${(value > 0 ? HEIGHT / 2 - height : HEIGHT / 2).toFixed(1)} height=${height.toFixed(1)}
    data-value=${value}><title>${name}: ${short(value)}</title></rect>`;
}

function spoken(products) {
  const of = (sign) => products.filter((value) => signOf(value) === sign).length;
  return `x times delta of ${count(products.length)} rows: ${of('pos')} positive, ${of('neg')} negative, ${of('zero')} zero`;
}
