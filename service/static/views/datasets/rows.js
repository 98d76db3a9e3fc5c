/** Rows of a table as they were read. */
import { html, nothing } from '../../core/dom.js';
import { count, exact } from '../../core/numbers.js';

const MOST_COLUMNS = 50;

/**
 * @param {{title: string, columns: object[], rows: object[], first: number}} options `first` is the
 *   number of the first row, counted from 0
 */
export function rowsTable({ title, columns, rows, first }) {
  const shown = columns.slice(0, MOST_COLUMNS);
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="cells">
      <caption class="hidden">${title}</caption>
      <thead><tr><th scope="col" class="number">row</th>${shown.map((column) => html`
        <th scope="col" class=${alignment(column)} title=${column.name}>${column.name}</th>`)}</tr></thead>
      <tbody>${rows.map((row, index) => html`<tr><th scope="row" class="number faint">${count(first + index)}</th>
        ${shown.map((column) => html`<td class=${alignment(column)}>${cell(row[column.name])}</td>`)}</tr>`)}</tbody>
    </table></div>
    ${shown.length < columns.length ? html`<p class="small faint">${count(shown.length)} of ${count(columns.length)} columns
      drawn.</p>` : nothing}`;
}

const alignment = ({ kind }) => (kind === 'numeric' ? 'number' : '');

function cell(value) {
  if (value === null || value === undefined) return html`<span class="faint">missing</span>`;
  const text = typeof value === 'number' ? exact(value) : String(value);
  return html`<span data-value=${value} title=${text.length > 20 ? text : nothing}>${text}</span>`;
}
