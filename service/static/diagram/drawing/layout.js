/** Places of columns and units: horizontal from 620 px, upright below. A pure function of its input. */

import { shortText } from '../model/number.js';
import { textWidth } from './text.js';

const UPRIGHT_BELOW = 620;
const TITLE_HEIGHT = 48;
const SIZES = {
  wide: { inputs: 128, layer: 184, loss: 108, gap: 72 },
  narrow: { inputs: 112, layer: 152, loss: 104, gap: 64 },
};
const LEAST_GAP = 80;
const MOST_GAP = 150;
const HEIGHT = 58;
const COMPACT_HEIGHT = 32;
const STACKED_HEIGHT = 76;
const UPRIGHT_GAP = 84;

/**
 * @typedef {{x: number, y: number, w: number, h: number, isCompact: boolean, isStacked?: boolean}} Box
 * @typedef {object} Layout
 * @property {boolean} isUpright
 * @property {boolean} hasCurves
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
  const perLine = Math.max(3, Math.floor((width + 8) / 88));
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
  const total = (sizes) => columns.reduce((sum, { kind }) => sum + sizes[kind], 0);
  const hasCurves = total(SIZES.wide) + spaces * LEAST_GAP <= width;
  const sizes = hasCurves ? SIZES.wide : SIZES.narrow;
  const room = spaces ? (width - total(sizes)) / spaces : 0;
  const gap = Math.min(MOST_GAP, Math.max(LEAST_GAP, room));
  const heights = columns.map(columnHeight);
  const tallest = Math.max(...heights);
  const boxes = new Map();
  const titles = [];
  let x = Math.max(0, (width - total(sizes) - spaces * gap) / 2);
  columns.forEach((column, index) => {
    const w = sizes[column.kind];
    titles.push({ key: column.key, x, y: 16, w: w + gap - 8 });
    placeColumn(boxes, column, { x, w, y: TITLE_HEIGHT + 12 + (tallest - heights[index]) / 2 });
    x += w + gap;
  });
  return {
    isUpright: false, hasCurves, boxes, titles,
    width: Math.max(width, x - gap), height: TITLE_HEIGHT + 20 + tallest,
  };
}

const isCompact = (column) => column.kind === 'inputs' && column.units.length > 5;
const pitchOf = (column) => {
  if (isCompact(column)) return COMPACT_HEIGHT + 10;
  if (column.units.length <= 3) return 96;
  return column.units.length <= 5 ? 88 : 80;
};
const heightOf = (column) => (isCompact(column) ? COMPACT_HEIGHT : HEIGHT);
const columnHeight = (column) => Math.max(1, column.units.length) * pitchOf(column)
  - pitchOf(column) + heightOf(column);

function placeColumn(boxes, column, { x, y, w }) {
  const h = heightOf(column);
  column.units.forEach((unit, index) => {
    boxes.set(unit.key, { x, y: y + index * pitchOf(column), w, h, isCompact: isCompact(column) });
  });
}

function upright(columns, width) {
  const boxes = new Map();
  const titles = [];
  let y = 30;
  for (const column of columns) {
    titles.push({ key: column.key, x: 0, y: y - 12, w: width });
    const n = Math.max(1, column.units.length);
    const space = n === 2 ? Math.min(48, width / 6) : 8;
    const w = Math.min(column.kind === 'loss' ? 140 : 128, (width - space * (n - 1)) / n);
    const isStacked = column.units.some((unit) => !fits(unit, w));
    const h = isStacked ? STACKED_HEIGHT : 52;
    const start = (width - n * w - (n - 1) * space) / 2;
    column.units.forEach((unit, index) => {
      boxes.set(unit.key, { x: start + index * (w + space), y, w, h, isCompact: false, isStacked });
    });
    y += column.kind === 'gap' ? 40 : h + UPRIGHT_GAP;
  }
  return {
    isUpright: true, hasCurves: false, boxes, titles, width, height: y - UPRIGHT_GAP + 24,
  };
}

/** Whether symbol and value of both lines stand side by side in a box. */
const fits = (unit, width) => [unit.left, unit.right].every((number) => !number
  || symbolWidth(number.symbol) + textWidth(shortText(number), 12) + 20 <= width);

const symbolWidth = ({ base, sub = '' }) => textWidth(base.replace('L/∂', ''), 13)
  + textWidth(sub, 10);
