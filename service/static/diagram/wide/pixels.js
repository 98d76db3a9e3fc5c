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

/**
 * Colour of a value, as red, green and blue.
 * @param {number|null} value null is not a number
 * @param {number} limit value of the full colour
 * @param {ReturnType<typeof themeColours>} colours
 * @param {boolean} isGrey in ink rather than by sign: for images without negative values
 */
export function colourOf(value, limit, colours, isGrey = false) {
  if (value === null) return colours.missing;
  const strength = limit > 0 ? Math.min(1, Math.abs(value) / limit) : 0;
  const share = isGrey ? strength : Math.sqrt(strength);
  const full = isGrey ? colours.ink : value > 0 ? colours.pos : colours.neg;
  return colours.surface.map((part, index) => Math.round(part + (full[index] - part) * share));
}

/** Paint one pixel per value, line by line. */
export function paint(canvas, { values, columns, limit, colours, isGrey = false }) {
  const lines = values.length / columns;
  canvas.width = columns;
  canvas.height = lines;
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, lines);
  values.forEach((value, index) => {
    image.data.set([...colourOf(value, limit, colours, isGrey), 255], index * 4);
  });
  context.putImageData(image, 0, 0);
}

/** Address of a picture of the values. */
export function pictureOf(options) {
  const canvas = document.createElement('canvas');
  paint(canvas, options);
  return canvas.toDataURL('image/png');
}
