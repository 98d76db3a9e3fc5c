/** Cards of the columns: kind, distribution, missing values. */
import { html, live, nothing, repeat } from '../../core/dom.js';
import { count, exact, long } from '../../core/numbers.js';
import { histogram, topValues } from '../../parts/histogram.js';
import { KINDS, plural } from './reading.js';
import { missingButton, wordsAmongNumbers } from './words.js';

const MOST_BINS = 20;

/**
 * @param {object} options
 * @param {object[]} options.columns descriptions of the columns
 * @param {number} options.most how many cards are shown
 * @param {() => void} options.showMore
 * @param {(column: object, kind: string) => void} options.setKind reads a column as another kind
 * @param {(column: object) => object|null} [options.detailOf] distribution of a column, once it is there
 * @param {(column: object) => any} [options.watch] directive that notes when the card is seen
 * @param {((column: object, words: string[]) => void)|null} [options.setMissing] reads words of a column of
 *   numbers as missing
 */
export function columnCards({ columns, most, showMore, setKind, detailOf = null, watch = () => nothing, setMissing = null }) {
  const shown = columns.slice(0, most);
  return html`<ul class="columns" aria-label="Columns">${repeat(shown, ({ name }) => name, (column) => html`
      <li class="card column" ${watch(column)}>
        <div class="column-head"><h3 class="cut" title=${column.name}>${column.name}</h3>${kindSelect(column, setKind)}</div>
        ${distribution(column, detailOf)}
        <p class="small muted">${facts(column)}</p>
        ${setMissing ? wordsHint(column, setMissing) : nothing}
      </li>`)}</ul>
    ${shown.length < columns.length ? html`<p class="row"><button type="button" class="button small" @click=${showMore}>Show
      more columns</button><span class="small muted">${count(shown.length)} of ${count(columns.length)} columns</span></p>`
      : nothing}`;
}

function wordsHint(column, setMissing) {
  const words = wordsAmongNumbers(column);
  return words.length ? html`<p class="small">Most values are numbers.</p>${
    missingButton(words, () => setMissing(column, words))}` : nothing;
}

const kindSelect = (column, setKind) => html`<select class="kind" aria-label="Kind of ${column.name}"
  @change=${(event) => { setKind(column, event.target.value); event.target.value = column.kind; }}>
  ${Object.entries(KINDS).map(([kind, text]) => html`
    <option value=${kind} .selected=${live(kind === column.kind)}>${text}</option>`)}</select>`;

function distribution(column, detailOf) {
  const detail = wholeNumbers(column) ?? detailOf?.(column);
  if (detail?.problem) return html`<p class="small error">${detail.problem.message}</p>`;
  if (detail?.histogram) return histogram({ ...detail.histogram, name: column.name });
  if (column.kind === 'categorical' || column.kind === 'boolean') {
    return topValues({ values: column.top_values, name: column.name });
  }
  if (column.kind === 'text') return html`<p class="small faint cut">${column.top_values[0]?.value ?? ''}</p>`;
  return html`<p class="histogram-place small faint">${detailOf === null ? 'Histogram after the upload' : 'Reading the histogram…'}</p>`;
}

/** Histogram with a bin per whole number, if the description of the column counts them all. */
function wholeNumbers({ kind, integral, min, max, cardinality, top_values: top }) {
  if (kind !== 'numeric' || !integral || cardinality !== top.length || max - min > MOST_BINS) return null;
  const rows = new Map(top.map((item) => [Number(item.value), item.rows]));
  const values = Array.from({ length: max - min + 1 }, (_, index) => min + index);
  return { histogram: { edges: [...values, max + 1].map((value) => value - 0.5), counts: values.map((value) => rows.get(value) ?? 0) } };
}

function facts(column) {
  const range = column.min === null ? null : `${endText(column.min)} to ${endText(column.max)}`;
  const values = column.cardinality === null ? 'too many values to count' : plural(column.cardinality, 'value');
  const mean = column.kind === 'numeric' && column.mean !== null ? `mean ${long(column.mean)}` : null;
  const parts = [range ?? values, mean, column.missing ? `${count(column.missing)} missing` : null];
  return parts.filter((part) => part !== null).map((part) => html`<span>${part}</span> `);
}

const endText = (end) => (typeof end === 'number' ? exact(end) : end.slice(0, 10));
