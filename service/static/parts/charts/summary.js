/** Sentences that describe a chart. */
import { short } from '../../core/numbers.js';

/**
 * Label of a chart for screen readers: `Loss by epoch. training: from 2.05 to 0.036, …`.
 * @param {string} label
 * @param {string} xName
 * @param {{name: string, first: number|null, last: number|null, least: number|null}[]} series
 */
export function summary(label, xName, series) {
  const by = xName ? ` by ${xName}` : '';
  return [`${label}${by}`, ...series.map(lineSentence)].join('. ') + '.';
}

function lineSentence({ name, first, last, least, greatest, length }) {
  if (length === 0) return `${name}: no values`;
  if (length === 1) return `${name}: ${short(last)}`;
  if (least === greatest) return `${name}: ${short(last)} throughout`;
  const lowest = least < last && least < first ? `, lowest ${short(least)}` : '';
  const highest = greatest > last && greatest > first ? `, highest ${short(greatest)}` : '';
  return `${name}: from ${short(first)} to ${short(last)}${lowest}${highest}`;
}

/** First, last, least and greatest of the values that are there. */
export function extent(values) {
  const found = { first: null, last: null, least: null, greatest: null, length: 0 };
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    if (found.length === 0) Object.assign(found, { first: value, least: value, greatest: value });
    found.last = value;
    found.least = Math.min(found.least, value);
    found.greatest = Math.max(found.greatest, value);
    found.length += 1;
  }
  return found;
}
