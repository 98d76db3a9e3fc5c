/** Drawing of the answer over two columns, with its legend and its table. */
import { html, nothing, svg } from '../../core/dom.js';
import { count, long, short } from '../../core/numbers.js';
import { pagedTable } from '../../parts/table.js';
import { linear, ticks } from './scale.js';
import { labelText } from './words.js';

const MOST_HEIGHT = 420;
const EDGE = { left: 56, right: 12, top: 12, bottom: 44 };
const SHADES = 7;
const TABLE_EVERY = 6;
/** Kind of a cell without a label, because no probability is large enough. */
export const WITHHELD = -1;
const MARKS = ['●', '×', '+', '▲', '■', '◆'];

/** @param {{model, x, y, grid, points, row, choose, width: number}} options as `openMap` has them */
export function mapFigure({ model, x, y, grid, points, row, choose, width }) {
  const { spec: { target } } = model;
  const place = placement(x, y, width);
  const paint = grid.classes ? classPaint(grid) : shadePaint(grid.values);
  const pick = (event) => choose(...placeOf(event, x, y, place));
  return html`<figure class="map-figure"><figcaption><h3>Answer over both columns</h3>${paint.legend(target)}</figcaption>
    <svg class="map" width=${place.width} height=${place.height} role="img" aria-label=${describe(x, y, target, grid)} @click=${pick}>
      ${runs(grid, paint.kind).map((run) => cell(run, grid, place, paint.css))}
      ${axes(x, y, place)}
      ${grid.classes && points ? points.data.map((point) => dot(point, x, y, place, grid.classes, target)) : nothing}
      ${you(row, x, y, place)}</svg>
    <p class="small faint">${pointsLine(grid, points)}</p>
    <details><summary>Show as a table</summary>${twin(x, y, grid)}</details></figure>`;
}

const pointsLine = ({ xs, ys, classes }, points) => [
  `${count(xs.length)} × ${count(ys.length)} predictions.`,
  classes && points ? `Marks: the first ${count(points.data.length)} of ${count(points.rows)} rows, with their own class.` : '',
  'The ring is the row of the form.'].join(' ');

const describe = (x, y, target, { classes }) => `Map of ${target} over ${x.name} (${long(x.minimum)} to ${long(x.maximum)}) and `
  + `${y.name} (${long(y.minimum)} to ${long(y.maximum)})${classes ? `: areas of ${classes.map(labelText).join(', ')}` : ''}`;

/** Scales from values to pixels, and back. */
function placement(x, y, width) {
  const height = Math.min(MOST_HEIGHT, Math.round(width * 0.75));
  const [left, right, top, bottom] = [EDGE.left, width - EDGE.right, EDGE.top, height - EDGE.bottom];
  const [ofX, ofY] = [[x.minimum, x.maximum], [y.minimum, y.maximum]];
  return {
    width, height, left, right, top, bottom,
    across: linear(ofX, [left, right]), up: linear(ofY, [bottom, top]), toX: linear([left, right], ofX), toY: linear([bottom, top], ofY),
  };
}

function placeOf({ currentTarget, clientX, clientY }, x, y, { toX, toY }) {
  const box = currentTarget.getBoundingClientRect();
  const inside = ({ minimum, maximum }, value) => Number(Math.min(maximum, Math.max(minimum, value)).toPrecision(4));
  return [inside(x, toX(clientX - box.left)), inside(y, toY(clientY - box.top))];
}

/** Neighbouring cells of one kind in a line are one rectangle, so that few elements are drawn. */
function runs({ xs, ys, values }, kind) {
  const found = [];
  ys.forEach((_, line) => {
    let start = 0;
    for (let end = 1; end <= xs.length; end += 1) {
      const own = kind(values[line * xs.length + start]);
      if (end === xs.length || kind(values[line * xs.length + end]) !== own) {
        found.push({ line, start, end, own });
        start = end;
      }
    }
  });
  return found;
}

function cell({ line, start, end, own }, { xs, ys }, { left, right, top, bottom }, css) {
  const wide = (right - left) / xs.length;
  const high = (bottom - top) / ys.length;
  return svg`<rect class="cell ${css(own)}" x=${left + start * wide} y=${bottom - (line + 1) * high}
    width=${(end - start) * wide} height=${high}></rect>`;
}

function classPaint({ classes, isWithheld }) {
  return {
    kind: (value) => value,
    css: (value) => (value === WITHHELD ? 'withheld' : `class-${value % MARKS.length}`),
    legend: () => html`<ul class="map-legend" aria-label="Classes">${classes.slice(0, MARKS.length).map((name, index) => html`<li>
      <span class="swatch mark-${index}" aria-hidden="true">${MARKS[index]}</span> ${labelText(name)}</li>`)}
      ${classes.length > MARKS.length ? html`<li>${MARKS.length} of ${count(classes.length)} classes</li>` : nothing}
      ${isWithheld ? html`<li>blank: withheld</li>` : nothing}</ul>`,
  };
}

function shadePaint(values) {
  const least = values.reduce((one, other) => Math.min(one, other), Infinity);
  const most = values.reduce((one, other) => Math.max(one, other), -Infinity);
  return {
    kind: (value) => Math.min(SHADES - 1, Math.floor(((value - least) / (most - least || 1)) * SHADES)),
    css: (value) => `shade-${value}`,
    legend: (target) => html`<p class="map-legend small"><span>${target}</span> <span data-value=${least}>${short(least)}</span>
      <svg width="84" height="12" aria-hidden="true">${Array.from({ length: SHADES }, (_, index) => svg`
        <rect class="cell shade-${index}" x=${index * 12} width="12" height="12"></rect>`)}</svg>
      <span data-value=${most}>${short(most)}</span></p>`,
  };
}

const axes = (x, y, { left, right, top, bottom, width, height, across, up }) => svg`<g class="axes" aria-hidden="true">
  <rect class="frame" x=${left} y=${top} width=${right - left} height=${bottom - top}></rect>
  ${ticks(x.minimum, x.maximum).map((value) => svg`<text x=${across(value)} y=${bottom + 16} text-anchor="middle">${short(value)}</text>`)}
  ${ticks(y.minimum, y.maximum).map((value) => svg`<text x=${left - 6} y=${up(value) + 4} text-anchor="end">${short(value)}</text>`)}
  <text x=${(left + width) / 2} y=${height - 8} text-anchor="middle">${cut(x.name)}</text>
  <text x="12" y=${height / 2} text-anchor="middle" transform="rotate(-90 12 ${height / 2})">${cut(y.name)}</text></g>`;

const cut = (name) => (name.length > 40 ? `${name.slice(0, 39)}…` : name);

function dot(point, x, y, { across, up }, classes, target) {
  const index = classes.indexOf(point[target]);
  const [one, other] = [point[x.name], point[y.name]];
  if (index < 0 || typeof one !== 'number' || typeof other !== 'number') return nothing;
  return svg`<text class="mark mark-${index % MARKS.length}" x=${across(one)} y=${up(other) + 4} text-anchor="middle"
    aria-hidden="true">${MARKS[index % MARKS.length]}</text>`;
}

function you(row, x, y, { across, up, width, height }) {
  const [one, other] = [row[x.name], row[y.name]];
  if (typeof one !== 'number' || typeof other !== 'number') return nothing;
  const [left, top] = [inFrame(across(one), width), inFrame(up(other), height)];
  return svg`<circle class="you rim" cx=${left} cy=${top} r="8"></circle><circle class="you" cx=${left} cy=${top} r="8"></circle>
    <circle class="you-center" cx=${left} cy=${top} r="2"></circle>`;
}

const inFrame = (place, size) => Math.min(size - 4, Math.max(4, place));

function twin(x, y, { xs, ys, values, classes }) {
  const kept = (_, index) => index % TABLE_EVERY === 0;
  const columns = xs.map((_, index) => index).filter(kept);
  const text = (value) => (value === WITHHELD && classes ? 'withheld' : classes ? labelText(classes[value]) : long(value));
  return pagedTable({
    key: `map ${x.name} ${y.name}`,
    caption: `Answers over ${x.name} (columns) and ${y.name} (rows), every ${TABLE_EVERY}th value`,
    head: [{ text: cut(y.name) }, ...columns.map((index) => ({ text: short(xs[index]), isNumber: true }))],
    rows: ys.map((value, line) => ({ key: String(line), cells: [short(value), ...columns.map((index) => text(values[line * xs.length + index]))] }))
      .filter(kept),
  });
}
