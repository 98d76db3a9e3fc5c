/** Two steps side by side: a of the other step, b of the step that is shown, and b − a. */
import { quantityOf } from '../wide/quantity.js';
import { indexOf } from '../wide/layers.js';
import { plainName } from '../model/names.js';

/**
 * @typedef {object} Compared
 * @property {string} key
 * @property {string} name
 * @property {number|null} a
 * @property {number|null} b
 * @property {number|null} difference b − a; null where one of both is missing
 */

const compared = (key, name, a, b) => ({
  key, name, a, b, difference: a === null || b === null ? null : b - a,
});

/** Shapes of a network's layers, as a text that names what differs. */
const shapesOf = (layers) => layers.map(
  ({ name, type, in_shape: from, out_shape: to }) => `${name} ${type} ${from.join('×')} → ${to.join('×')}`);

/** The first layer in which two networks differ; null if all shapes are equal. */
export function firstUnequal(layers, others) {
  const [one, other] = [shapesOf(layers), shapesOf(others)];
  const length = Math.max(one.length, other.length);
  for (let index = 0; index < length; index += 1) {
    if (one[index] !== other[index]) {
      return { a: one[index] ?? 'no layer', b: other[index] ?? 'no layer' };
    }
  }
  return null;
}

/** Units of a layer in both steps: `layer` of the step that is shown. */
export function comparedUnits(layer, other, { clock, isRow, nameOf }) {
  const quantities = clock.phase === 'backward' ? [['δ', 'delta']] : [['z', 'z'], ['a', 'a']];
  const value = (quantity) => {
    if (!quantity) return null;
    return isRow ? quantity.rows[0] ?? quantity.batch : quantity.batch;
  };
  return layer.units.flatMap((unit, index) => quantities.map(([symbol, field]) => compared(
    `${unit.unit}.${field}`, `${symbol} of ${nameOf(unit.unit)}`,
    value(other.units[index][field]), value(unit[field]))));
}

/** Shown values of a layer's parameters in both steps. */
export function comparedWeights(layer, other, { clock, first, nameOf }) {
  const { matrix } = quantityOf(clock);
  return layer.parameters.flatMap((parameter, index) => {
    const [a, b] = [other.parameters[index][matrix], parameter[matrix]];
    if (!a || !b) return [];
    return b.map((value, place) => compared(
      `${parameter.name}.${first + place}`, nameOf(parameter, first + place), a[place] ?? null, value));
  });
}

/** Name of a value of a parameter: `w₁₂ of layers.0.weight`. */
export function valueName(parameter, position, names) {
  const index = indexOf(position, parameter.shape);
  if (names && index.length === 2) return `${names.input(index[0])} to ${names.unit(index[1])}`;
  const kind = parameter.name.split('.').at(-1);
  return `${kind} ${plainName('', index)}`;
}

/** The largest differences first; equal ones in their order. */
export const bySize = (items) => [...items].sort(
  (one, other) => Math.abs(other.difference ?? 0) - Math.abs(one.difference ?? 0));

/** Number of items that differ, and the largest difference. */
export function summary(items) {
  const sorted = bySize(items);
  return {
    count: items.length,
    unequal: items.filter(({ difference }) => difference !== 0).length,
    largest: sorted[0] ?? null,
  };
}
