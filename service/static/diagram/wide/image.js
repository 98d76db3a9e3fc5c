/** Inputs that form an image. */
import { readsInputs, sizeOf } from './layers.js';

/**
 * Shape of the image that a layer's inputs form: of its input, or of the network's inputs by their
 * names, such as `pixel_0_0` to `pixel_7_7`. Null if they form none.
 * @param {import('../answers.js').StepAnswers} answers
 * @returns {{lines: number, columns: number, channels: number}|null}
 */
export function imageOf(answers, layer) {
  const { layers } = answers.batch;
  if (!readsInputs(layers, layer)) return null;
  const shaped = [...layers.slice(0, layers.indexOf(layer)), layer]
    .flatMap((one) => [one.in_shape, one.out_shape])
    .find((shape) => shape.length === 3 && sizeOf(shape) === sizeOf(layer.in_shape));
  if (shaped) return { lines: shaped[0], columns: shaped[1], channels: shaped[2] };
  return imageOfNames(answers.rows.inputs.map(({ name }) => name), sizeOf(layer.in_shape));
}

/** Image of names that end in line and column, in order; null if one is missing. */
export function imageOfNames(names, count) {
  const places = names.map((name) => /^(.*?)[_.x](\d+)[_.x](\d+)$/.exec(name));
  if (names.length !== count || places.length < 4 || places.includes(null)) return null;
  const [, prefix, top, left] = places[0];
  const columns = places.findIndex((place) => place[2] !== top);
  if (columns < 2 || count % columns !== 0) return null;
  const isInOrder = places.every(([, name, line, column], index) => name === prefix
    && Number(line) === Number(top) + Math.floor(index / columns)
    && Number(column) === Number(left) + (index % columns));
  return isInOrder ? { lines: count / columns, columns, channels: 1 } : null;
}

/** Values of one channel of a flat image. */
export const channelOf = (values, { channels }, channel) => (
  values.filter((_, index) => index % channels === channel));

/** Line and column of a value of a flat image. */
export function placeOf(index, { columns, channels }) {
  const pixel = Math.floor(index / channels);
  return { line: Math.floor(pixel / columns), column: pixel % columns };
}
