/** How a file was read, in words, and as query parameters of an upload. */
import { count } from '../../core/numbers.js';

/** Words for the kinds of columns. */
export const KINDS = {
  numeric: 'number', boolean: 'boolean', categorical: 'category', time: 'time', text: 'text',
};
/** Words for the formats of files. */
export const FORMATS = {
  csv: 'CSV', json_lines: 'JSON Lines', json: 'JSON', parquet: 'Parquet', arrow: 'Arrow', npy: 'NumPy (.npy)', npz: 'NumPy (.npz)',
};
/** Words for the separators of fields. */
export const DELIMITERS = {
  ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'vertical bars', ' ': 'spaces',
};
const ENCODINGS = { 'utf-8': 'UTF-8', 'utf-16': 'UTF-16', 'latin-1': 'Latin-1', cp1252: 'Windows-1252' };
const OF_CSV = ['delimiter', 'quote', 'decimal', 'header'];
const OF_FILE = ['format', 'compression', 'encoding'];

/**
 * Options that a person stated: those of the query parameters of an upload; `kinds` by column.
 * @typedef {{format?: string, compression?: string, encoding?: string, delimiter?: string,
 *   quote?: string, decimal?: string, header?: boolean, missing?: string[],
 *   kinds: Record<string, string>}} Stated
 */

/** Sentence of what was understood of a file: `600 rows, 14 columns. CSV, separated by semicolons, …`. */
export function understood({ rows, columns, options, isComplete = true }) {
  const size = `${isComplete ? '' : 'first '}${plural(rows, 'row')}, ${plural(columns, 'column')}.`;
  return `${size[0].toUpperCase()}${size.slice(1)} ${readAs(options)}.`;
}

function readAs(options) {
  const delimiter = DELIMITERS[options.delimiter] ?? `“${options.delimiter}”`;
  const parts = [
    FORMATS[options.format] ?? options.format,
    options.format === 'csv' && options.delimiter ? `separated by ${delimiter}` : null,
    options.decimal === ',' ? 'decimal comma' : null,
    options.header === false ? 'no header' : null,
    options.encoding ? ENCODINGS[options.encoding] ?? options.encoding : null,
    options.compression && options.compression !== 'none' ? `compressed with ${options.compression}` : null,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

/** `1 row`, `4,096 rows`. */
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? '' : 's'}`;

/** A detail of the service as a sentence. */
export const sentence = (detail) => `${detail.slice(0, 1).toUpperCase()}${detail.slice(1)}.`;

/** Query of a preview or an upload with the stated options. */
export function readQuery(stated, extra = {}) {
  const query = new URLSearchParams(extra);
  for (const name of [...OF_FILE, ...OF_CSV]) {
    if (stated[name] !== undefined && stated[name] !== null) query.set(name, stated[name]);
  }
  if (stated.quote === '') query.set('quote', 'none');
  if (stated.missing) (stated.missing.length ? stated.missing : ['']).forEach((text) => query.append('missing', text));
  for (const [column, kind] of Object.entries(stated.kinds)) query.append('kind', `${column}:${kind}`);
  return query.size ? `?${query}` : '';
}

/** Options with which a dataset is read in the same way again. */
export function statedOf(options) {
  const names = options.format === 'csv' ? [...OF_FILE, ...OF_CSV, 'missing'] : ['format', 'compression'];
  const kept = names.filter((name) => options[name] !== null && options[name] !== undefined);
  return { ...Object.fromEntries(kept.map((name) => [name, options[name]])), kinds: { ...options.kinds } };
}

/** Options with changes: those in `kinds` are of single columns, null takes an option back. */
export function withChanges(stated, { kinds = {}, ...others }) {
  const merged = { ...stated, ...others, kinds: { ...stated.kinds, ...kinds } };
  const isStated = ([, value]) => value !== null && value !== undefined;
  merged.kinds = Object.fromEntries(Object.entries(merged.kinds).filter(isStated));
  return Object.fromEntries(Object.entries(merged).filter(isStated));
}
