/** Predicted by true values: a point per row, and the line on which both are equal. */
import { html, nothing, svg } from '../../core/dom.js';
import { count, long, short } from '../../core/numbers.js';
import { pagedTable } from '../../parts/table.js';
import { linear, ticks } from './scale.js';

const MOST_POINTS = 1000;
const MOST_WIDTH = 560;
const EDGE = { left: 64, right: 12, top: 8, bottom: 44 };

/** @param {{name: string, pairs: {truth: number, answer: number}[], width: number}} options */
export function scatter({ name, pairs, width: available }) {
  const width = Math.min(available, MOST_WIDTH);
  const height = Math.round(width * 0.75);
  const shown = pairs.slice(0, MOST_POINTS);
  const all = shown.flatMap(({ truth, answer }) => [truth, answer]);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const across = linear([least, most], [EDGE.left, width - EDGE.right]);
  const up = linear([least, most], [height - EDGE.bottom, EDGE.top]);
  const marks = ticks(least, most);
  return html`<figure><figcaption><h3>Predicted by true ${name}</h3></figcaption>
    <svg class="map" width=${width} height=${height} role="img"
      aria-label="Predicted by true ${name}, ${count(shown.length)} rows, from ${long(least)} to ${long(most)}">
      <g class="axes">${marks.map((value) => svg`<text x=${across(value)} y=${height - EDGE.bottom + 16} text-anchor="middle">${short(value)}</text>
        <text x=${EDGE.left - 6} y=${up(value) + 4} text-anchor="end">${short(value)}</text>`)}
        <text x=${(EDGE.left + width) / 2} y=${height - 8} text-anchor="middle">true</text>
        <text x="12" y=${height / 2} text-anchor="middle" transform="rotate(-90 12 ${height / 2})">predicted</text>
        <rect class="frame" x=${EDGE.left} y=${EDGE.top} width=${width - EDGE.left - EDGE.right} height=${height - EDGE.top - EDGE.bottom}></rect>
        <line class="equal" x1=${across(least)} y1=${up(least)} x2=${across(most)} y2=${up(most)}></line></g>
      ${shown.map(({ truth, answer }) => svg`<circle class="point" cx=${across(truth)} cy=${up(answer)} r="2.5"></circle>`)}</svg>
    <p class="small faint">Equal values are on the line.${shown.length < pairs.length
      ? ` ${count(shown.length)} of ${count(pairs.length)} rows drawn.` : nothing}</p>
    <details><summary>Show as a table</summary>${pagedTable({ key: `scatter ${name}`, caption: `True and predicted ${name}`,
    head: [{ text: 'row' }, { text: 'true', isNumber: true }, { text: 'predicted', isNumber: true }],
    rows: pairs.map((pair, index) => twinRow(pair, index)) })}</details></figure>`;
}

const twinRow = ({ truth, answer }, index) => (
  { key: String(index), cells: [count(index + 1), long(truth), long(answer)] });
