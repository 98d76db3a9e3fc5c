/** Values as pixels: blue above 0, orange below, on a square-root scale. */

const TOKENS = ['--surface', '--pos', '--neg', '--ink', '--line-strong'];

/** Largest absolute value, the limit of the scale; 0 if all are 0. */
export const limitOf = (values) => values.reduce(
  (most, value) => Math.max(most, Math.abs(value ?? 0)), 0);

/** Colours of the theme as triples, read from the tokens. */
export function themeColours() {
  const style = getComputedStyle(document.documentElement);
  const [surface, pos, neg, ink, missing] = TOKENS.map((name) => (
    style.getPropertyValue(name).trim().match(/[\da-f]{2}/gi).map((part) => parseInt(part, 16))));
  return { surface, pos, neg, ink, missing };
}

/** Paint one pixel per value, line by line. With `isGrey` in ink rather than by sign. */
export function paint(canvas, { values, columns, limit, colours, isGrey = false }) {
  const lines = values.length / columns;
  canvas.width = columns;
  canvas.height = lines;
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, lines);
  fill(image.data, { values, limit, colours, isGrey });
  context.putImageData(image, 0, 0);
}

const LEVELS = 255;

/** Colours are read from ramps: a map has up to 65,536 values. */
function fill(pixels, { values, limit, colours, isGrey }) {
  const positive = ramp(colours.surface, isGrey ? colours.ink : colours.pos);
  const negative = ramp(colours.surface, isGrey ? colours.ink : colours.neg);
  const missing = [...colours.missing, 255];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    const strength = limit > 0 ? Math.min(1, Math.abs(value) / limit) : 0;
    const level = Math.round(LEVELS * (isGrey ? strength : Math.sqrt(strength)));
    const colour = value === null ? missing : (value > 0 ? positive : negative)[level];
    for (let part = 0; part < 4; part += 1) pixels[4 * index + part] = colour[part];
  }
}

const ramp = (from, to) => Array.from({ length: LEVELS + 1 }, (_, level) => [
  ...from.map((part, index) => part + ((to[index] - part) * level) / LEVELS), 255]);

/** Address of a picture of the values. */
export function pictureOf(options) {
  const canvas = document.createElement('canvas');
  paint(canvas, options);
  return canvas.toDataURL('image/png');
}
