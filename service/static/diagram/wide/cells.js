/**
 * A picture of values whose cells can be read: by pointer, by arrow keys, and in words.
 *
 * The cursor follows the pointer, up to a hundred times per second, so that it is moved in place
 * rather than by rendering the view again.
 */
import { html, ref, svg } from '../../core/dom.js';
import { limitOf, paint, pictureOf, themeColours } from './pixels.js';

const HINT = 'Point at a cell, or go through the cells with the arrow keys.';
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const cursors = new Map();
const painted = new WeakMap();

/**
 * @typedef {object} CellMap
 * @property {string} key names the map: its cursor is kept under it
 * @property {string} label name for screen readers
 * @property {(number|null)[]} values line by line
 * @property {number} columns
 * @property {string} theme name of the theme that is drawn
 * @property {boolean} [isCanvas] whether it is drawn on a canvas; else it is an image
 * @property {boolean} [isGrey] in ink rather than by sign
 * @property {number} [limit] value of the full colour, by default the largest
 * @property {(column: number, line: number) => string} describe names a cell and its value
 * @property {(column: number, line: number) => void} [select] what Enter and a click do
 * @property {{column: number, line: number, columns: number, lines: number, kind: string}[]} [marks]
 *   frames around cells; of kind `window`, `unit` or `edge`
 */

/** @param {CellMap} map */
export function cellMap(map) {
  const lines = map.values.length / map.columns;
  return html`<div class="cells">
    <div class="cells-field" role="group" aria-roledescription="map" aria-label=${map.label}
        tabindex="0" @keydown=${(event) => press(event, map)} @focus=${(event) => enter(event, map)}
        @pointermove=${(event) => point(event, map)} @click=${(event) => choose(event, map)}>
      ${map.isCanvas ? html`<canvas class="cells-picture"></canvas>`
        : html`<img class="cells-picture" alt="">`}
      <svg class="cells-marks" viewBox="0 0 ${map.columns} ${lines}" preserveAspectRatio="none"
          aria-hidden="true" focusable="false">
        ${(map.marks ?? []).map(frame)}
        <rect class="cells-cursor" width="1" height="1" visibility="hidden"></rect>
      </svg>
    </div>
    <p class="cells-said small" aria-live="polite" ${ref((said) => refreshBefore(said, map))}></p>
  </div>`;
}

// Called for the last element of the template, when the picture is there.
function refreshBefore(said, map) {
  if (said) refresh(said.previousElementSibling, map);
}

const frame = ({ column, line, columns, lines, kind }) => svg`<rect class="cells-mark ${kind}"
  x=${column} y=${line} width=${columns} height=${lines}></rect>`;

function refresh(element, map) {
  const picture = element.firstElementChild;
  const before = painted.get(picture);
  if (before?.values !== map.values || before.theme !== map.theme || before.limit !== map.limit) {
    painted.set(picture, { values: map.values, theme: map.theme, limit: map.limit });
    draw(picture, map);
  }
  show(element, map);
}

function draw(picture, map) {
  const options = { ...map, limit: map.limit ?? limitOf(map.values), colours: themeColours() };
  if (map.isCanvas) paint(picture, options);
  else picture.src = pictureOf(options);
}

function show(element, map) {
  const cursor = cursors.get(map.key);
  const rect = element.querySelector('.cells-cursor');
  const said = element.nextElementSibling;
  if (!cursor || cursor.line >= map.values.length / map.columns || cursor.column >= map.columns) {
    rect.setAttribute('visibility', 'hidden');
    said.textContent = HINT;
    delete said.dataset.value;
    return;
  }
  rect.setAttribute('visibility', 'visible');
  rect.setAttribute('x', cursor.column);
  rect.setAttribute('y', cursor.line);
  const text = map.describe(cursor.column, cursor.line);
  if (said.textContent !== text) said.textContent = text;
  said.dataset.value = map.values[cursor.line * map.columns + cursor.column];
}

function move(element, map, column, line) {
  const last = map.values.length / map.columns - 1;
  cursors.set(map.key, {
    column: Math.min(map.columns - 1, Math.max(0, column)),
    line: Math.min(last, Math.max(0, line)),
  });
  show(element, map);
}

function enter(event, map) {
  if (cursors.has(map.key)) return;
  const { column = 0, line = 0 } = map.marks?.at(-1) ?? {};
  move(event.currentTarget, map, column, line);
}

function press(event, map) {
  const { column, line } = cursors.get(map.key) ?? { column: 0, line: 0 };
  const step = STEPS[event.key];
  if (step) move(event.currentTarget, map, column + step[0], line + step[1]);
  else if (event.key === 'Home') move(event.currentTarget, map, 0, line);
  else if (event.key === 'End') move(event.currentTarget, map, map.columns - 1, line);
  else if (event.key === 'Enter' || event.key === ' ') map.select?.(column, line);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function point(event, map) {
  const box = event.currentTarget.getBoundingClientRect();
  const lines = map.values.length / map.columns;
  const column = Math.floor(((event.clientX - box.left) / box.width) * map.columns);
  const line = Math.floor(((event.clientY - box.top) / box.height) * lines);
  move(event.currentTarget, map, column, line);
}

function choose(event, map) {
  point(event, map);
  const { column, line } = cursors.get(map.key);
  map.select?.(column, line);
}
