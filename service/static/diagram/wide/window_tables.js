/** Computation of a window: its inputs, the kernel, the products and their sum. */
import { html, nothing } from '../../core/dom.js';
import { count, exact, long, short } from '../../core/numbers.js';
import { pagedTable } from '../../parts/table.js';
import { shownValue } from '../answers.js';

const LARGEST_GRID = 7;

/**
 * @param {{view: object, layer: object, unit: object, channel: number,
 *   window: import('./window.js').WindowParts|null}} shown
 */
export function windowTables({ view, layer, unit, window, channel }) {
  const { clock } = view;
  const place = unit.index.slice(0, 2).map((index) => index + 1).join(', column ');
  const title = html`<h3>Row ${place}</h3>`;
  if (!window) return html`<div class="window">${title}<p>Its window is padding only.</p></div>`;
  const parts = window.parts.filter((part) => part.channel === channel);
  const isSmall = window.lines <= LARGEST_GRID && window.columns <= LARGEST_GRID;
  const columns = columnsOf(clock, layer);
  return html`<div class="window">
    ${title}
    ${layer.in_shape[2] > 1 && layer.type === 'conv2d'
      ? html`<p class="small muted">Channel ${channel + 1} of ${layer.in_shape[2]} of the window.</p>` : nothing}
    ${isSmall ? html`<div class="window-grids">${columns.map((column) => grid(column, parts, window, clock))}</div>`
      : nothing}
    ${result(unit, layer, clock, window)}
    <details><summary>Show as a table</summary>${twin(view, layer, unit, window, columns)}</details>
  </div>`;
}

const input = { symbol: 'x', name: 'input', of: ({ edge }, clock) => shownValue(edge.input, clock) };
const weight = { symbol: 'w', name: 'kernel', of: ({ edge }) => edge.weight };
const product = { symbol: 'w · x', name: 'products', of: ({ edge }, clock) => shownValue(edge.term, clock) };
const contribution = {
  symbol: 'x · δ', name: 'gradient of this place', of: ({ edge }, clock) => shownValue(edge.contribution, clock),
};
const gradient = {
  symbol: '∂L/∂w', name: 'gradient of all places', of: ({ edge }) => edge.entry?.loss_gradient ?? null,
};
const change = { symbol: 'w′ − w', name: 'change', of: ({ edge }) => edge.entry?.change ?? null };
const after = { symbol: 'w′', name: 'new kernel', of: ({ edge }) => edge.entry?.after ?? null };

/** Quantities of the window's inputs that a phase shows. */
export function columnsOf(clock, layer) {
  if (layer.type === 'max_pooling2d') return [input];
  if (layer.type === 'average_pooling2d') return [input, weight, product];
  if (clock.phase === 'backward') return [input, contribution, gradient];
  return clock.phase === 'update' ? [weight, change, after] : [input, weight, product];
}

function grid(column, parts, window, clock) {
  const lines = Array.from({ length: window.lines }, (_, line) => (
    parts.filter((part) => part.line === line)));
  return html`<table class="window-grid">
    <caption><span class="symbol">${column.symbol}</span> ${column.name}</caption>
    <tbody>${lines.map((line) => html`<tr>${line.map((part) => cell(column.of(part, clock), part))}</tr>`)}</tbody>
  </table>`;
}

const cell = (value, { source }) => html`<td class="number ${source === null ? 'padding' : ''}"
  data-value=${value ?? nothing} title=${source === null ? 'padding' : exact(value)}>${short(value)}</td>`;

function result(unit, layer, clock, window) {
  const { z, delta, bias } = unit;
  if (layer.type === 'max_pooling2d') {
    return html`<p><span class="symbol">z</span> is the largest of ${count(window.parts.length)}: ${
      number(shownValue(z, clock))}${backward(delta, clock)}</p>`;
  }
  if (clock.phase === 'backward') {
    return html`<p><span class="symbol">δ</span> of this place is ${number(shownValue(delta, clock))}${
      delta?.zero ? html`: ${delta.zero.text}` : nothing}.</p>`;
  }
  return html`<p>Sum of ${count(window.parts.length)} products${bias
    ? html`, plus the bias ${number(bias.before)}` : nothing}:
    <span class="symbol">z</span> = <strong>${number(shownValue(z, clock))}</strong>,
    <span class="symbol">a</span> = ${number(shownValue(unit.a, clock))}</p>`;
}

const backward = (delta, clock) => (clock.phase === 'backward' && delta
  ? html`; its δ, ${number(shownValue(delta, clock))}, goes to the input that is the largest` : nothing);

const number = (value) => html`<span class="number" data-value=${value}>${short(value)}</span>`;

function twin(view, layer, unit, window, columns) {
  const rows = window.parts.map((part, index) => ({
    key: String(index),
    cells: [
      part.source === null ? `padding, row ${part.line + 1}, column ${part.column + 1} of the window`
        : `row ${part.source[0] + 1}, column ${part.source[1] + 1}, channel ${part.source[2] + 1}`,
      ...columns.map((column) => {
        const value = column.of(part, view.clock);
        return html`<span data-value=${value ?? nothing}>${long(value)}</span>`;
      }),
    ],
  }));
  return pagedTable({
    key: `window.${layer.name}.${unit.unit}`,
    caption: 'The window',
    head: [{ text: 'Input' }, ...columns.map(({ symbol }) => ({ text: symbol, isNumber: true }))],
    rows,
  });
}
