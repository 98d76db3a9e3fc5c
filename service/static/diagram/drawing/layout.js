/** Places of columns and units: horizontal from 620 px, upright below. A pure function of its input. */

import { shortText } from '../model/number.js';
import { textWidth } from './text.js';

const UPRIGHT_BELOW = 620;
const TITLE_HEIGHT = 48;
// The first that fits is taken. Where none fits, the drawing scrolls, and has the room of SCROLLED.
const SIZES = [
  { inputs: 128, layer: 184, passing: 128, loss: 108, gap: 80, space: 80, hasCurves: true, size: 13 },
  { inputs: 112, layer: 164, passing: 112, loss: 104, gap: 80, space: 66, hasCurves: true, size: 13 },
  { inputs: 100, layer: 150, passing: 104, loss: 92, gap: 80, space: 58, hasCurves: true, size: 12 },
  { inputs: 112, layer: 154, passing: 112, loss: 104, gap: 80, space: 80, hasCurves: false, size: 13 },
  { inputs: 100, layer: 140, passing: 104, loss: 92, gap: 80, space: 58, hasCurves: false, size: 12 },
  { inputs: 92, layer: 124, passing: 96, loss: 84, gap: 76, space: 46, hasCurves: false, size: 12 },
];
const SCROLLED = SIZES[3];
const MOST_SPACE = 150;
const HEIGHT = 58;
const COMPACT_HEIGHT = 42;
const LINE_HEIGHT = 36;
const UPRIGHT_SPACE = 84;
const TAIL = 19;
const ARC = 28;

/**
 * @typedef {{x: number, y: number, w: number, h: number, isCompact: boolean,
 *   isStacked?: boolean, tail?: number}} Box
 * @typedef {object} Layout
 * @property {boolean} isUpright
 * @property {boolean} hasCurves
 * @property {number} size size of values in pixels
 * @property {number} width
 * @property {number} height
 * @property {Map<string, Box>} boxes by the unit's key
 * @property {{key: string, x: number, y: number, w: number}[]} titles per column
 */

/** Whether a figure of this width stands upright. */
export const isUpright = (width) => width < UPRIGHT_BELOW;

/** Most units drawn of a layer, and inputs, in a figure of this width. */
export function mostUnits(width) {
  if (!isUpright(width)) return { units: 8, inputs: 12 };
  const perLine = Math.max(3, Math.floor((width + 8) / 80));
  return { units: Math.min(8, perLine), inputs: Math.min(8, perLine) };
}

/**
 * @param {import('./visible.js').Column[]} columns
 * @param {number} width
 * @returns {Layout}
 */
export const layout = (columns, width) => (isUpright(width)
  ? upright(columns, width) : horizontal(columns, width));

function horizontal(columns, width) {
  const spaces = columns.length - 1;
  const total = (sizes) => columns.reduce((sum, column) => sum + widthOf(column, sizes), 0);
  const sizes = SIZES.find((one) => total(one) + spaces * one.space <= width) ?? SCROLLED;
  const room = spaces ? (width - total(sizes)) / spaces : 0;
  const space = Math.min(MOST_SPACE, Math.max(sizes.space, room));
  const heights = columns.map(columnHeight);
  const tallest = Math.max(...heights);
  const boxes = new Map();
  const titles = [];
  let x = Math.max(0, (width - total(sizes) - spaces * space) / 2);
  columns.forEach((column, index) => {
    const w = widthOf(column, sizes);
    titles.push({ key: column.key, x, y: 16, w: w + space - 8 });
    placeColumn(boxes, column, { x, w, y: TITLE_HEIGHT + 12 + (tallest - heights[index]) / 2 });
    x += w + space;
  });
  return {
    isUpright: false, hasCurves: sizes.hasCurves, size: sizes.size, boxes, titles,
    width: Math.max(width, x - space), height: TITLE_HEIGHT + 20 + tallest,
  };
}

/** Width of a column: wider than usual where numbers would touch. */
function widthOf(column, sizes) {
  const usual = sizes[sizeOf(column)];
  if (column.kind !== 'layer' || isPassing(column)) return usual;
  const text = (number) => (number ? textWidth(shortText(number), sizes.size) : 0);
  const needed = Math.max(...column.units.map((unit) => text(unit.left) + text(unit.right)));
  return Math.max(usual, Math.ceil(needed + (sizes.hasCurves ? 58 : 24)));
}

const isPassing = (column) => column.kind === 'layer' && column.layer.isPassing;
const sizeOf = (column) => (isPassing(column) ? 'passing' : column.kind);
const isCompact = (column) => column.kind === 'inputs' && column.units.length > 5;
const pitchOf = (column) => {
  if (isCompact(column)) return COMPACT_HEIGHT + 8;
  if (column.units.length <= 3) return 96;
  return column.units.length <= 5 ? 88 : 80;
};
const heightOf = (column) => {
  if (isPassing(column)) return LINE_HEIGHT;
  return isCompact(column) ? COMPACT_HEIGHT : HEIGHT;
};
const columnHeight = (column) => Math.max(1, column.units.length) * pitchOf(column)
  - pitchOf(column) + heightOf(column);

function placeColumn(boxes, column, { x, y, w }) {
  const h = heightOf(column);
  column.units.forEach((unit, index) => {
    boxes.set(unit.key, {
      x, y: y + index * pitchOf(column), w, h, isCompact: isCompact(column),
    });
  });
}

function upright(columns, width) {
  const room = columns.some((column) => column.skipFrom) ? width - ARC : width;
  const boxes = new Map();
  const titles = [];
  let y = 30;
  for (const column of columns) {
    titles.push({ key: column.key, x: 0, y: y - 12, w: width });
    const line = uprightLine(column, room, y);
    line.forEach((box, index) => boxes.set(column.units[index].key, box));
    y += column.kind === 'gap' ? 40 : line[0].h + UPRIGHT_SPACE;
  }
  return {
    isUpright: true, hasCurves: false, size: 12, boxes, titles, width,
    height: y - UPRIGHT_SPACE + 24,
  };
}

function uprightLine(column, room, y) {
  const n = column.units.length;
  const space = n === 2 ? Math.min(48, room / 6) : 8;
  const w = Math.min(column.kind === 'loss' ? 140 : 128, (room - space * (n - 1)) / n);
  const isStacked = column.units.some((unit) => !fits(unit, w));
  const lines = isPassing(column) ? 1 : 2;
  const h = isStacked ? 6 + 35 * lines : 12 + 20 * lines;
  const start = (room - n * w - (n - 1) * space) / 2;
  return column.units.map((unit, index) => ({
    x: start + index * (w + space), y, w, h, isCompact: false, isStacked,
    // Text below the box: edges begin and end under it.
    tail: unit.label || unit.note ? TAIL : 0,
  }));
}

/** Whether symbol and value of both lines stand side by side in a box. */
const fits = (unit, width) => [unit.left, unit.right].every((number) => !number
  || symbolWidth(number.symbol) + textWidth(shortText(number), 12) + 20 <= width);

const symbolWidth = ({ base, sub = '' }) => textWidth(base.replace('L/∂', ''), 13)
  + textWidth(sub, 10);
