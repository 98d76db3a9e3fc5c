/** Text of simple values, as it is typed into a field. */
import { isContainer, isSame } from './pointers.js';

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** Word for null where null is not the default. */
export const NONE = 'none';

/** Text of a value. */
export function textOf(value) {
  if (value === undefined) return '';
  if (value === null) return NONE;
  if (Array.isArray(value) && !value.some(isContainer)) return value.map(textOf).join(', ');
  return isContainer(value) ? JSON.stringify(value) : String(value);
}

/**
 * Value of a text; undefined if it is empty. What is not understood stays text: the service says
 * what is wrong with it.
 * @param {import('./schema.js').Field} field
 */
export function valueOf(text, { allows, words, isNullable }) {
  const trimmed = text.trim();
  if (!trimmed) return undefined;
  if (words.includes(trimmed)) return trimmed;
  if (isNullable && trimmed === NONE) return null;
  if (allows.list && (trimmed.includes(',') || !allows.number)) {
    return trimmed.split(',').map((part) => part.trim()).filter(Boolean).map(numberOf);
  }
  return allows.number ? numberOf(trimmed) : text;
}

function numberOf(text) {
  const plain = text.replace('−', '-');
  return NUMBER.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : text;
}

/** Whether a value is one that the field leaves to the default. */
export const isUnset = (value, { defaultValue, isNullable }) => (
  value === undefined || (value === null && isNullable && (defaultValue ?? null) === null));

/** Text of the default: what the service resolved, else the schema's. */
export function defaultText(field, resolved) {
  const value = resolved === undefined ? field.defaultValue : resolved;
  if (value === undefined || (value === null && resolved === undefined)) return '';
  if (isContainer(value) && !Array.isArray(value)) return value.type ?? '';
  return textOf(value);
}

/** Whether a typed text stands for a value, as `0.` does for 0. */
export const standsFor = (text, field, value) => isSame(valueOf(text, field), value);
