/** Small line charts that are drawn once, as SVG. */
import { html, nothing, svg } from '../core/dom.js';
import { exact, long } from '../core/numbers.js';
import { isDrawable, placeOf } from './charts/axis.js';
import { cut, spread } from './charts/labels.js';
import { BESIDE, BOTTOM, LABEL_PX, leftAxis, lowerAxis, roomForNames, TOP } from './charts/layout.js';
import { runs, thinned } from './charts/lines.js';
import { placesOfNames } from './charts/marks.js';
import { strokeOf } from './charts/strokes.js';
import { extent, summary } from './charts/summary.js';
import { pagedTable } from './table.js';

/**
 * @typedef {object} Line
 * @property {string} name stands at the line's end
 * @property {[number, number|null][]} points ordered by x; null is a gap
 * @property {'training'|'validation'|number} [style] see charts/strokes.js; its index by default
 *
 * @typedef {object} Mark one point (x and y), a vertical line (x) or a horizontal line (y)
 * @property {number} [x]
 * @property {number} [y]
 * @property {string} [name]
 * @property {boolean} [isOpen] a ring instead of a dot
 */

/**
 * Line chart with its table. Draw it at the width of its place: it is not scaled.
 * @param {{label: string, series: Line[], x?: {label?: string, log?: boolean, isWhole?: boolean},
 *   y?: {label?: string, log?: boolean}, marks?: Mark[], width?: number, height?: number,
 *   hasTable?: boolean}} options
 */
export function lineChart({
  label, series, x = {}, y = {}, marks = [], width = 560, height = 210, hasTable = true,
}) {
  const plan = planOf({ series, x, y, marks, width, height });
  const names = placesOfNames(marks, plan);
  const lines = series.map(({ name, points }) => ({ name, ...extent(points.map(([, value]) => value)) }));
  return html`<div class="chart">
    <svg class="curves" width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img"
      aria-label=${summary(label, x.label, lines)}>
      ${grid(plan, x, y)}${lines.some(({ length }) => length) ? nothing : emptyNote(plan)}${plan.lines.map((line) => curve(line, plan))}
      ${plan.lines.map((line) => endLabel(line, plan))}${
  marks.map((mark) => markOf(mark, plan))}${marks.map(({ name }, index) => nameOf(name, names[index]))}
    </svg>
    ${hasTable ? html`<details class="twin"><summary>${label} as a table</summary>
      ${twin(label, series, x, y)}</details>` : nothing}
  </div>`;
}

/** Geometry of the chart: axes, edges of the plot and places of the labels. */
function planOf({ series, x, y, marks, width, height }) {
  const xs = [...series.flatMap(({ points }) => points.map(([value]) => value)), ...marks.map((mark) => mark.x ?? null)];
  const ys = [...series.flatMap(({ points }) => points.map(([, value]) => value)), ...marks.map((mark) => mark.y ?? null)];
  const top = TOP + (y.label ? LABEL_PX : 0);
  const bottom = height - BOTTOM;
  const { axis: yAxis, left } = leftAxis(ys, bottom - top, y.log);
  const right = width - roomForNames(series.map(({ name }) => name), x.label ?? '', width);
  const xAxis = lowerAxis(xs, right - left, { isLog: x.log, isWhole: x.isWhole });
  const toX = (value) => left + placeOf(xAxis, value) * (right - left);
  const toY = (value) => bottom - placeOf(yAxis, value) * (bottom - top);
  const plan = { width, left, right, top, bottom, xAxis, yAxis, toX, toY };
  return { ...plan, lines: placed(series, plan) };
}

/** Lines with their runs, and the places of the labels at their ends. */
function placed(series, plan) {
  const isDrawn = (x, y) => isDrawable(plan.xAxis, x) && isDrawable(plan.yAxis, y);
  const lines = series.map(({ name, points, style }, index) => ({
    name, stroke: strokeOf(style ?? index), runs: runs(points, isDrawn), end: null,
  }));
  for (const line of lines) line.end = line.runs.at(-1)?.at(-1) ?? null;
  const ended = lines.filter(({ end }) => end !== null);
  const places = spread(ended.map(({ end }) => plan.toY(end[1])), LABEL_PX, plan.top, plan.bottom - 2);
  ended.forEach((line, index) => { line.labelY = places[index]; });
  return lines;
}

const grid = ({ width, left, right, top, bottom, xAxis, yAxis, toX, toY }, x, y) => svg`
  ${y.label ? svg`<text x="0" y=${TOP}>${y.label}</text>` : nothing}
  ${yAxis.ticks.map(({ value, text }) => svg`
    <path class="grid" d="M${left} ${near(toY(value))}H${right}"/>
    <text x=${left - BESIDE} y=${near(toY(value)) + 4} text-anchor="end">${text}</text>`)}
  ${xAxis.ticks.map(({ value, text }) => svg`
    <text x=${toX(value)} y=${bottom + 18} text-anchor="middle">${text}</text>`)}
  ${x.label ? svg`<text x=${Math.min(right + 2 * BESIDE, width)} y=${bottom + 18}>${x.label}</text>` : nothing}`;

const emptyNote = ({ left, right, top, bottom }) => svg`
  <text x=${(left + right) / 2} y=${(top + bottom) / 2} text-anchor="middle">No values yet</text>`;

const near = (value) => Math.round(value * 10) / 10;

function curve({ runs: found, stroke }, { toX, toY, left, right }) {
  const columnOf = ([x]) => Math.floor(toX(x));
  return found.map((run) => {
    if (run.length === 1) {
      return svg`<circle class="dot ${stroke.token}" cx=${near(toX(run[0][0]))} cy=${near(toY(run[0][1]))} r="2.5"/>`;
    }
    const path = thinned(run, right - left, columnOf).map(([x, y]) => `${near(toX(x))} ${near(toY(y))}`).join('L');
    return svg`<path class="line ${stroke.token}" stroke-dasharray=${stroke.dash.join(' ') || nothing} d="M${path}"/>`;
  });
}

function endLabel({ name, end, labelY, stroke }, { right, width, toX, toY }) {
  if (end === null || !name) return nothing;
  const [x, y] = [toX(end[0]), toY(end[1])];
  const isFar = Math.abs(labelY - y) > LABEL_PX || right - x > BESIDE;
  const text = cut(name, width - right - BESIDE, 500);
  return svg`${isFar ? svg`<path class="leader" d="M${near(x) + 3} ${near(y)}L${right + 5} ${near(labelY)}"/>` : nothing}
    <text class="name ${stroke.token}" x=${right + BESIDE} y=${near(labelY) + 4}>${text}${
      text === name ? nothing : svg`<title>${name}</title>`}</text>`;
}

function markOf({ x, y, isOpen }, { left, right, top, bottom, toX, toY }) {
  if (x === undefined) return svg`<path class="reference" d="M${left} ${near(toY(y))}H${right}"/>`;
  const place = near(toX(x));
  if (y === undefined) return svg`<path class="reference" d="M${place} ${top}V${bottom}"/>`;
  return svg`<circle class=${isOpen ? 'ring' : 'point'} cx=${place} cy=${near(toY(y))} r="4"/>`;
}

const nameOf = (name, place) => (place === null ? nothing : svg`<text class="note" x=${place.x} y=${place.y}>${name}</text>`);

/** Table of the numbers of a chart: a row per x. */
function twin(label, series, x, y) {
  const byX = new Map();
  series.forEach(({ points }, index) => points.forEach(([at, value]) => {
    if (!byX.has(at)) byX.set(at, Array(series.length).fill(null));
    byX.get(at)[index] = value;
  }));
  const rows = [...byX].sort(([a], [b]) => a - b).map(([at, values]) => ({
    key: String(at), cells: [exact(at), ...values.map((value) => valueCell(value))],
  }));
  const head = [{ text: x.label ?? 'x' }, ...series.map(({ name }) => (
    { text: name || y.label || label, isNumber: true }))];
  return pagedTable({ key: `chart: ${label}`, caption: `${label} as a table`, head, rows });
}

const valueCell = (value) => html`<span data-value=${value ?? ''}>${long(value)}</span>`;
