/** The window of one value of a convolution or pooling: what it reads, and by which weights. */
import { positionOf } from './layers.js';

/**
 * @typedef {object} Part one input of the window
 * @property {number} line place in the window
 * @property {number} column
 * @property {number} channel of the input
 * @property {number[]|null} source index into the layer's input; null for padding
 * @property {import('../answers.js').Edge} edge
 *
 * @typedef {object} WindowParts
 * @property {Part[]} parts in the order of the kernel
 * @property {number} lines
 * @property {number} columns
 * @property {{line: number, column: number}} origin its place in the input; may be outside
 */

/**
 * @param {import('../answers.js').Unit} unit with all its edges
 * @returns {WindowParts|null} null of a unit that reads nothing but padding
 */
export function windowOf(unit) {
  const origin = originOf(unit.edges);
  if (!origin) return null;
  const parts = unit.edges.map((edge) => part(edge, origin)).sort(byPlace);
  return {
    parts,
    origin,
    lines: 1 + Math.max(...parts.map(({ line }) => line)),
    columns: 1 + Math.max(...parts.map(({ column }) => column)),
  };
}

/** Weights know their place in the kernel; the windows of a pooling lie within the input. */
function originOf(edges) {
  const inside = edges.filter(({ source }) => source !== null);
  if (!inside.length) return null;
  const [{ source, entry }] = inside;
  if (entry) return { line: source[0] - entry.index[0], column: source[1] - entry.index[1] };
  return {
    line: Math.min(...inside.map((edge) => edge.source[0])),
    column: Math.min(...inside.map((edge) => edge.source[1])),
  };
}

function part(edge, origin) {
  const { source, entry } = edge;
  if (entry) {
    const [line, column, channel] = entry.index;
    return { line, column, channel, source, edge };
  }
  return {
    line: source[0] - origin.line, column: source[1] - origin.column, channel: source[2], source, edge,
  };
}

const byPlace = (one, other) => one.channel - other.channel || one.line - other.line
  || one.column - other.column;

/** The window as a frame around cells of the input, cut at its borders. */
export function windowFrame({ origin, lines, columns }, [height, width]) {
  const line = Math.max(0, origin.line);
  const column = Math.max(0, origin.column);
  return {
    line,
    column,
    lines: Math.min(height, origin.line + lines) - line,
    columns: Math.min(width, origin.column + columns) - column,
    kind: 'window',
  };
}

/**
 * Units of one channel of an image, line by line. At most `most` are listed: those of the lines
 * around `line`.
 * @returns {{units: number[], firstLine: number, lines: number}}
 */
export function channelUnits([height, width, channels], channel, line, most) {
  const lines = Math.min(height, Math.floor(most / width));
  const firstLine = Math.min(height - lines, Math.max(0, line - Math.floor(lines / 2)));
  const units = [];
  for (let index = 0; index < lines * width; index += 1) {
    units.push(positionOf([firstLine, index, channel], [height, width, channels]));
  }
  return { units, firstLine, lines };
}
