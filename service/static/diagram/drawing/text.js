/** Widths of text, estimated from a wide font (DejaVu Sans), so that nothing touches in others. */

const NARROW = /[ijl.,:;'|!·()[\]⁻ ]/;
const MEDIUM = /[cfkrstvxyz_-]/;
const SMALL = /[₀-₉⁰-⁹′]/;
const WIDE = /[mwMW@%−=×+∂½…]/;
const IDEOGRAPH = /[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]|\p{Extended_Pictographic}/u;

const em = (character) => {
  if (IDEOGRAPH.test(character)) return 1.05;
  if (NARROW.test(character)) return 0.4;
  if (SMALL.test(character)) return 0.44;
  if (MEDIUM.test(character)) return 0.58;
  if (WIDE.test(character)) return 0.98;
  return /[A-Z]/.test(character) ? 0.78 : 0.645;
};

/** Text without the characters that change the direction of what stands beside it. */
export const plainText = (text) => text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');

/** Width of a text in pixels, at most. */
export const textWidth = (text, size) => [...text].reduce((sum, one) => sum + em(one) * size, 0);

/** Plain text that fits into a width: cut with `…` if it is longer. */
export function cut(whole, width, size) {
  const text = plainText(whole);
  if (textWidth(text, size) <= width) return text;
  let shown = '';
  for (const character of text) {
    if (textWidth(`${shown}${character}…`, size) > width) break;
    shown += character;
  }
  return `${shown.trimEnd()}…`;
}
