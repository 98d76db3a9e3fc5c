/** Fields of a row: one per column of the model's preprocessing. */

const STEPS = 100;

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {'number'|'choice'|'boolean'|'time'|'text'} type
 * @property {any} fill what replaces a missing value, as it is typed
 * @property {boolean} canLack whether training rows lack the value
 * @property {number} [minimum] @property {number} [maximum] @property {number} [step]
 * @property {string[]} [levels]
 */

/** @returns {Field[]} fields of the model's inputs, in their order */
export function fieldsOf({ preprocessing }) {
  const { columns, incomplete } = preprocessing;
  return columns.map((column) => ({
    name: column.name, canLack: incomplete === null || incomplete.includes(column.name), ...KINDS[column.type]?.(column) ?? text(column),
  }));
}

const text = () => ({ type: 'text', fill: null });
const choice = ({ levels, fill }) => ({ type: 'choice', levels, fill: fill ?? null });
const KINDS = {
  numeric: ({ minimum, maximum, fill }) => ({ type: 'number', fill, minimum, maximum, step: stepOf(minimum, maximum) }),
  boolean: ({ fill }) => ({ type: 'boolean', fill: fill >= 0.5 }),
  time: ({ fill, minimum, maximum }) => ({
    type: 'time', fill: timeText(fill), minimum: timeText(minimum), maximum: timeText(maximum),
  }),
  levels: choice,
  one_hot: choice,
  codes: choice,
  ordinal: choice,
};

/** Step of a slider: a power of ten with about a hundred steps between the ends. */
export function stepOf(minimum, maximum) {
  const span = maximum - minimum;
  return span > 0 && Number.isFinite(span) ? 10 ** Math.floor(Math.log10(span / STEPS) + 1e-9) : null;
}

const timeText = (seconds) => (Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString().replace(/T00:00:00.000Z$/, '')
  .replace(/\.\d+Z$/, 'Z') : null);

/** Row in the middle: what replaces missing values, and the first category. */
export const middleRow = (fields) => Object.fromEntries(fields.map(({ name, type, fill, levels }) => (
  [name, type === 'choice' ? fill ?? levels[0] ?? null : type === 'number' ? rounded(fill) : fill])));

const rounded = (value) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : value);

/** Typed text as the service reads it: a number if it is one, else the text itself. */
export function typedValue(typed) {
  const trimmed = typed.trim().replace('−', '-');
  if (trimmed === '') return null;
  const number = Number(trimmed);
  return Number.isFinite(number) && /^[-+.\d]/.test(trimmed) && !/^[-+]?0[xob]/i.test(trimmed) ? number : typed;
}
