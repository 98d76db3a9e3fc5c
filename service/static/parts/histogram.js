/** Distribution of a column: a histogram of its numbers, or bars of its most frequent values. */
import { html, svg } from '../core/dom.js';
import { count, long } from '../core/numbers.js';
import { bars } from './bars.js';

const HEIGHT = 36;
const BIN = 10;
const GAP = 1.5;
const SHORTEST = 1;

/**
 * Histogram that fills the width where it stands.
 * @param {{edges: (number|string)[], counts: number[], name: string}} distribution edges of the
 *   bins, one more than counts; those of times are RFC 3339 texts
 */
export function histogram({ edges, counts, name }) {
  const most = Math.max(1, ...counts);
  return html`<svg class="histogram" viewBox="0 0 ${counts.length * BIN} ${HEIGHT}"
      preserveAspectRatio="none" role="img" aria-label=${describeHistogram({ edges, counts, name })}>
    ${counts.map((rows, index) => bin(rows, index, most, edges))}
  </svg>`;
}

function bin(rows, index, most, edges) {
  const height = rows === 0 ? 0 : Math.max(SHORTEST, (rows / most) * HEIGHT);
  return svg`<rect class="bin" x=${index * BIN} y=${HEIGHT - height} width=${BIN - GAP} height=${height}
    data-value=${rows}><title>${edgeText(edges[index])} to ${edgeText(edges[index + 1])}: ${count(rows)} rows</title></rect>`;
}

/** Sentence that names the bins of a histogram and the fullest one. */
function describeHistogram({ edges, counts, name }) {
  if (!counts.length) return `Histogram of ${name}: no values`;
  const most = Math.max(...counts);
  const fullest = counts.indexOf(most);
  const range = `${edgeText(edges[0])} to ${edgeText(edges.at(-1))}`;
  const bins = counts.length === 1 ? '1 bin' : `${counts.length} bins`;
  return `Histogram of ${name}: ${range} in ${bins}, the most values (${count(most)}) from `
    + `${edgeText(edges[fullest])} to ${edgeText(edges[fullest + 1])}`;
}

/**
 * Bars of the most frequent values of a column.
 * @param {{values: {value: string, rows: number}[], name: string, most?: number}} distribution
 */
export function topValues({ values, name, most = 3 }) {
  const items = values.slice(0, most).map(({ value, rows }) => (
    { name: value, value: rows, text: count(rows) }));
  return bars(items, { label: `Most frequent values of ${name}` });
}

/** Edge of a bin as text: a number, or the day of a time. */
const edgeText = (edge) => (typeof edge === 'number' ? long(edge) : edge.slice(0, 10));
