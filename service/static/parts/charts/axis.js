/**
 * Axes of charts: limits, ticks and their texts.
 * @typedef {object} Axis
 * @property {number} lo
 * @property {number} hi
 * @property {boolean} isLog
 * @property {{value: number, text: string}[]} ticks from low to high
 */
import { count, exact } from '../../core/numbers.js';

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const TOLERANCE = 1e-9;
const ROOM_ABOVE = 0.04;

/**
 * Axis of the values, at most `most` ticks. A logarithmic axis needs a positive value and leaves out
 * the others; without one the axis is linear.
 * @param {Iterable<number|null>} values
 * @param {{isLog?: boolean, isWhole?: boolean, isTight?: boolean, most?: number}} options
 *   `isWhole`: ticks at whole numbers only; `isTight`: limits are those of the values
 * @returns {Axis}
 */
export function axisOf(values, { isLog = false, isWhole = false, isTight = false, most = 5 } = {}) {
  const range = limits(values, isLog);
  if (range === null) return isLog ? axisOf(values, { isWhole, isTight, most }) : linear(0, 1, most, isWhole);
  if (isLog) return logarithmic(...range, most);
  if (!isTight) return roomy(...range, most, isWhole);
  const [lo, hi] = range;
  return linear(...(isWhole && lo === hi ? [lo - 0.5, hi + 0.5] : apart(lo, hi)), most, isWhole);
}

/** Place of a value on an axis, 0 at its low end and 1 at its high end. */
export function placeOf({ lo, hi, isLog }, value) {
  return isLog ? Math.log(value / lo) / Math.log(hi / lo) : (value - lo) / (hi - lo);
}

/** Whether a value can be drawn on an axis. */
export const isDrawable = ({ isLog }, value) => (
  value !== null && Number.isFinite(value) && (!isLog || value > 0));

function limits(values, isLog) {
  let lo = Infinity;
  let hi = -Infinity;
  for (const value of values) {
    if (!isDrawable({ isLog }, value)) continue;
    if (value < lo) lo = value;
    if (value > hi) hi = value;
  }
  return lo <= hi ? [lo, hi] : null;
}

/** Limits with room between them, also for equal values. */
function apart(lo, hi) {
  if (hi - lo > Math.abs(hi) * 1e-12) return [lo, hi];
  const half = lo === 0 ? 1 : Math.abs(lo) * 0.1;
  return [lo - half, hi + half];
}

/** Limits that begin at a tick, at 0 for positive values that come near it, with room above. */
function roomy(least, greatest, most, isWhole) {
  if (least === greatest) return constant(least);
  const [lo, hi] = apart(least >= 0 && least < greatest / 2 ? 0 : least, greatest);
  const step = stepOf(lo, hi, most, isWhole);
  const low = Math.floor(lo / step + TOLERANCE) * step;
  return linear(low, hi + (hi - low) * ROOM_ABOVE, most, isWhole, step);
}

/** Axis of equal values: the value is its only tick. */
function constant(value) {
  const [lo, hi] = apart(value, value);
  const size = Math.abs(value);
  const rounded = Number(value.toPrecision(4));
  const isPower = size !== 0 && (size >= 1e6 || size < 1e-4);
  const text = isPower ? powerText(value) : size >= 1000 ? count(Math.round(value)) : exact(rounded);
  return { lo, hi, isLog: false, ticks: [{ value, text }] };
}

function stepOf(lo, hi, most, isWhole) {
  const raw = (hi - lo) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - TOLERANCE)) * power;
  return isWhole ? Math.max(1, step) : step;
}

function linear(lo, hi, most, isWhole, step = stepOf(lo, hi, most, isWhole)) {
  const first = Math.ceil(lo / step - TOLERANCE);
  const last = Math.floor(hi / step + TOLERANCE);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => {
    const value = Number(((first + index) * step).toPrecision(12));
    return { value, text: linearText(value, step) };
  });
  return { lo, hi, isLog: false, ticks };
}

function linearText(value, step) {
  if (value === 0) return '0';
  if (Math.abs(value) >= 1e6 || step < 1e-4) return powerText(value);
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - TOLERANCE));
  return decimals === 0 ? count(Math.round(value)) : exact(Number(value.toFixed(decimals)));
}

function logarithmic(least, greatest, most) {
  const [lo, hi] = greatest / least > 1.01 ? [least, greatest] : [least / 2, greatest * 2];
  const low = lo / (hi / lo) ** 0.02;
  const high = hi * (hi / lo) ** 0.02;
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const factors = last - first > 3 ? [1] : [1, 2, 5];
  const every = Math.ceil((last - first) / most);
  const values = [];
  const start = factors.length > 1 ? first : Math.ceil(Math.log10(low));
  for (let power = start; power <= last; power += every) {
    for (const factor of factors) values.push(Number(`${factor}e${power}`));
  }
  const inside = values.filter((value) => value >= low && value <= high);
  if (inside.length < 2) return { ...linear(low, high, most, false), isLog: true };
  return { lo: low, hi: high, isLog: true, ticks: inside.map((value) => ({ value, text: logText(value) })) };
}

const logText = (value) => (
  value >= 1e-3 && value < 1e6 ? (value < 1 ? exact(value) : count(value)) : powerText(value));

/** Text of a number as a power of ten: 10⁻⁴, 2.5·10⁷. */
function powerText(value) {
  const [mantissa, exponent] = Number(value.toPrecision(6)).toExponential().split('e');
  const power = String(Number(exponent)).replace(/[-\d]/g, (digit) => (
    digit === '-' ? '⁻' : SUPERSCRIPTS[digit]));
  return mantissa === '1' ? `10${power}` : `${exact(Number(mantissa))}·10${power}`;
}
