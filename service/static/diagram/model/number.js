/**
 * A number of the drawing with where it stands in the answers.
 * @typedef {object} Symbol
 * @property {string} base such as `z`, `δ`, `∂L/∂a`
 * @property {string} [sub] index, counted from 1
 * @property {boolean} [isNew] whether it has a prime: the value after the step
 * @property {string} spoken name for screen readers
 *
 * @typedef {object} DrawnNumber
 * @property {Symbol} symbol
 * @property {number|null} value null unless `state` is `known`
 * @property {'known'|'later'|'none'|'infinite'} state
 * @property {string|null} path JSON pointer into the StepAnswers
 * @property {string|null} zero cause of a value of exactly 0
 */
import { long, short } from '../../core/numbers.js';

const WORDS = { later: 'later', none: '–', infinite: 'not finite' };

/** Number of an answer; null stands for a number that is not finite. */
export const known = (symbol, value, path, zero = null) => (value === null || value === undefined
  ? { symbol, value: null, state: 'infinite', path: null, zero: null }
  : { symbol, value, state: 'known', path, zero });

/** Number of a phase that is still to come. */
export const later = (symbol) => ({ symbol, value: null, state: 'later', path: null, zero: null });

/** Number that does not exist here. */
export const none = (symbol) => ({ symbol, value: null, state: 'none', path: null, zero: null });

/** Text of a number in the drawing: three significant digits. */
export const shortText = (number) => WORDS[number.state] ?? short(number.value);

/** Text of a number in tables: six significant digits. */
export const longText = (number) => WORDS[number.state] ?? long(number.value);
