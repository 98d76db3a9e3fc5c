/** Numbers as text. Each is rounded once, from the full value. */

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉';
const MINUS = '−';
const BYTE_UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Number of the diagram, the panel and the formulas: three significant digits. */
export const short = (value) => significant(value, 3, 1e-3, 2);

/** Number of tables: six significant digits. */
export const long = (value) => significant(value, 6, 1e-4, 4);

/** Shortest text that reads back as the same number, as in JSON, with a typographic minus. */
export const exact = (value) => (isMissing(value) ? '–' : withMinus(String(value)));

/** Whole number with thousands separators: 4,096. */
export const count = (value) => (
  isMissing(value) ? '–' : withMinus(String(value)).replace(/\B(?=(\d{3})+$)/g, ','));

/** Whole number with its noun: 1 value, 4,096 values. */
export const many = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** Number of bytes in binary units: 56 KiB. */
export function bytes(value) {
  if (isMissing(value)) return '–';
  const power = Math.min(
    value < 1 ? 0 : Math.floor(Math.log2(value) / 10), BYTE_UNITS.length - 1);
  const amount = value / 1024 ** power;
  return `${power && amount < 10 ? amount.toFixed(1) : count(Math.round(amount))} ${BYTE_UNITS[power]}`;
}

/** Duration given in seconds: 85 ms, 1.4 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds) {
  if (isMissing(seconds)) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${count(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Fraction as percent with one decimal: 4.9 %. */
export const percent = (fraction) => (
  isMissing(fraction) ? '–' : `${withMinus((fraction * 100).toFixed(1))} %`);

/** Class of a number's sign: pos, neg or zero. */
export const signOf = (value) => (value > 0 ? 'pos' : value < 0 ? 'neg' : 'zero');

/** Whole number in subscript digits. */
export const subscript = (value) => String(value).replace(/\d/g, (digit) => SUBSCRIPTS[digit]);

function significant(value, digits, smallest, digitsOfSmall) {
  if (isMissing(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? `${MINUS}∞` : 'not a number';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 10 ** Math.max(digits, 4)) return count(value);
  if (size < smallest) return scientific(value, digitsOfSmall);
  if (size >= 10 ** Math.max(digits + 3, 7)) return scientific(value, digits);
  if (Number(size.toPrecision(digits)) >= 10 ** digits) return count(Math.round(value));
  return withMinus(value.toPrecision(digits)).replace(/^(−?\d{4,})(?=\.|$)/, (whole) => count(whole));
}

function scientific(value, digits) {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
  const power = String(Number(exponent)).replace(/[-\d]/g, (digit) => (
    digit === '-' ? '⁻' : SUPERSCRIPTS[digit]));
  return `${withMinus(mantissa)}·10${power}`;
}

const isMissing = (value) => value === null || value === undefined;
const withMinus = (text) => text.replace('-', MINUS);
