/** Tables of numbers, 25 rows per page: the twins of drawings. */
import { html, nothing, repeat } from '../core/dom.js';
import { count } from '../core/numbers.js';
import { signal } from '../core/state.js';

const PAGE_ROWS = 25;
const pages = new Map();

/**
 * @param {{key: string, caption: string, head: {text: any, isNumber?: boolean}[],
 *   rows: {key: string, cells: any[], isSelected?: boolean}[], pageRows?: number}} options
 *   The first cell of a row is its header. `key` names the table: its page is kept under it.
 */
export function pagedTable({ key, caption, head, rows, pageRows = PAGE_ROWS }) {
  const page = pageOf(key);
  const last = Math.max(0, Math.ceil(rows.length / pageRows) - 1);
  const current = Math.min(page.value, last);
  const first = current * pageRows;
  const shown = rows.slice(first, first + pageRows);
  return html`<div class="paged">
    <div class="scroll" tabindex="0" role="region" aria-label=${caption}><table>
      <caption class="hidden">${caption}</caption>
      <thead><tr>${head.map(({ text, isNumber }) => html`
        <th scope="col" class=${isNumber ? 'number' : ''}>${text}</th>`)}</tr></thead>
      <tbody>${repeat(shown, (row) => row.key, (row) => tableRow(row, head))}</tbody>
    </table></div>
    ${rows.length > pageRows ? pager({ page, current, last, first, shown, rows }) : nothing}
  </div>`;
}

const tableRow = ({ cells, isSelected }, head) => html`<tr class=${isSelected ? 'selected' : ''}>
  <th scope="row">${cells[0]}</th>
  ${cells.slice(1).map((cell, index) => html`
    <td class=${head[index + 1]?.isNumber ? 'number' : ''}>${cell}</td>`)}</tr>`;

const pager = ({ page, current, last, first, shown, rows }) => html`<div class="row pager">
  <button type="button" class="button small" ?disabled=${current === 0}
    @click=${() => { page.value = current - 1; }}>Previous rows</button>
  <span class="small muted">${count(first + 1)} to ${count(first + shown.length)} of ${
    count(rows.length)} rows</span>
  <button type="button" class="button small" ?disabled=${current === last}
    @click=${() => { page.value = current + 1; }}>Next rows</button>
</div>`;

function pageOf(key) {
  if (!pages.has(key)) pages.set(key, signal(0));
  return pages.get(key);
}
