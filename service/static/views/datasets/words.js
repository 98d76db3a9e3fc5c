/** Words in columns of numbers: reading them as missing makes the column a number. */
import { html, nothing } from '../../core/dom.js';

const NUMBER = /^[-+]?(\d[\d.,]*|[.,]\d+)(e[-+]?\d+)?$/i;
const MOST_WORDS = 3;
const LEAST_NUMBERS = 4;

/** Words among the most frequent values of a column of which most are numbers; else none. */
export function wordsAmongNumbers({ kind, top_values: top }) {
  if (kind !== 'text' && kind !== 'categorical') return [];
  const words = top.map(({ value }) => String(value)).filter((value) => !NUMBER.test(value.trim()));
  const numbers = top.length - words.length;
  return words.length <= MOST_WORDS && numbers >= LEAST_NUMBERS ? words : [];
}

/** Changes of the stated options after which words are missing in a column of numbers. */
export const asMissing = (words, column, known) => ({
  missing: [...new Set([...known ?? [], ...words])], kinds: { [column]: 'numeric' },
});

/** Cells that a problem names where a number is expected: `[{column, text}]`. */
export const wordsOf = (problem) => (problem?.errors ?? []).filter(({ code, text, column, expected }) => (
  code === 'invalid_cell' && expected === 'a number' && Boolean(text?.trim()) && column !== undefined));

/** Button that reads words of a column as missing. */
export const missingButton = (words, read) => (words.length ? html`<button type="button" class="button small" @click=${read}>Read
  ${words.map((word) => `“${word}”`).join(', ')} as missing</button>` : nothing);
