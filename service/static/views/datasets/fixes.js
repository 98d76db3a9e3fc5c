/** Fixes of the notices of a file: read options after which the notice is gone. */

/**
 * @param {{code: string, detail: string, column: string|null}} notice
 * @param {object} options the options with which the file was read
 * @returns {{text: string, changes: object}[]} changes of the stated options, by button
 */
export function fixesOf(notice, options) {
  return FIXES[notice.code]?.(notice, options) ?? [];
}

const FIXES = {
  leading_zeros: ({ column }) => [
    { text: 'Read as categories', changes: { kinds: { [column]: 'categorical' } } }],
  large_integers: ({ column, detail }) => (detail.includes(':numeric')
    ? [{ text: 'Round to numbers', changes: { kinds: { [column]: 'numeric' } } }]
    : [{ text: 'Read as categories', changes: { kinds: { [column]: 'categorical' } } }]),
  ambiguous_dates: ({ column }) => [
    { text: 'Read as categories', changes: { kinds: { [column]: 'categorical' } } }],
  no_header: () => [{ text: 'First row is the header', changes: { header: true } }],
  doubtful_commas: () => [
    { text: 'Decimal comma', changes: { decimal: ',' } },
    { text: 'Keep as text', changes: { decimal: '.' } }],
  missing_marker: ({ detail }, { missing }) => {
    const marker = (missing ?? []).find((text) => detail.startsWith(`'${text}' `) || detail.startsWith(`"${text}" `));
    if (marker === undefined) return [];
    const others = missing.filter((text) => text !== marker);
    return [{ text: `Keep “${marker}” as a value`, changes: { missing: others } }];
  },
  guessed_encoding: (_, { encoding }) => ['cp1252', 'latin-1', 'utf-16']
    .filter((other) => other !== encoding)
    .map((other) => ({ text: `Read as ${other}`, changes: { encoding: other } })),
  index_dropped: ({ detail }) => {
    const found = /state kind=(.+):numeric to keep it$/.exec(detail);
    return found ? [{ text: 'Keep the index', changes: { kinds: { [found[1]]: 'numeric' } } }] : [];
  },
};

/** Whether a notice is a doubt that a person should look at, rather than a change that was made. */
export const isDoubt = ({ code }) => DOUBTS.has(code);

const DOUBTS = new Set([
  'leading_zeros', 'large_integers', 'ambiguous_dates', 'no_header', 'doubtful_commas', 'guessed_encoding',
  'misleading_name', 'misleading_type',
]);
