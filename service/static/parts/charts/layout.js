/** Room of charts: the axes at the left and below, the names of lines at the right. */
import { axisOf } from './axis.js';
import { textWidth } from './labels.js';

/** Room above a plot. */
export const TOP = 12;

/** Room below a plot, for the texts of the axis. */
export const BOTTOM = 26;

/** Height of the name of a line. */
export const LABEL_PX = 15;

/** Distance of a text from what it belongs to. */
export const BESIDE = 8;

const TICK_PX = 32;
const BETWEEN_TICKS = 28;
const MOST_OF_WIDTH = 0.4;

/** Axis at the left, and its width. */
export function leftAxis(values, height, isLog) {
  const axis = axisOf(values, { isLog, most: Math.max(2, Math.floor(height / TICK_PX)) });
  return { axis, left: Math.ceil(widest(axis) + BESIDE) };
}

/** Axis below, with as many ticks as have room. */
export function lowerAxis(values, room, { isLog, isWhole }) {
  const options = { isLog, isWhole, isTight: true };
  const draft = axisOf(values, { ...options, most: 4 });
  const most = Math.max(2, Math.floor(room / (widest(draft) + BETWEEN_TICKS)));
  return axisOf(values, { ...options, most });
}

/** Width at the right for the names of lines and of the axis below. */
export function roomForNames(names, xName, width) {
  const widths = [...names.map((name) => textWidth(name, 500) + BESIDE), textWidth(xName) + 2 * BESIDE];
  return Math.min(Math.ceil(Math.max(...widths)) + 2, Math.floor(width * MOST_OF_WIDTH));
}

const widest = ({ ticks }) => Math.max(...ticks.map(({ text }) => textWidth(text)), BESIDE);
