/** Rows of a batch in words. */
import { exact } from '../core/numbers.js';
import { plainText } from './drawing/text.js';

const MAX_VALUES = 3;
const MAX_TEXT = 16;

/** A row with its values as they were read, such as `row 56: 5.2, 1.5 → alba`. */
export function rowLabel(row, rows, outputs) {
  const columns = [...new Set(rows.inputs.map(({ column }) => column))];
  const targets = [...new Set(outputs.shown.map(({ target }) => target))];
  const own = columns.filter((name) => !targets.includes(name));
  const values = own.slice(0, MAX_VALUES).map((name) => valueText(row.values[name]));
  const inputs = values.join(', ') + (own.length > MAX_VALUES ? ' …' : '');
  const target = targets.length === 1 ? ` → ${valueText(row.values[targets[0]])}` : '';
  return `${rowName(row)}: ${inputs}${target}`;
}

/** Name of a row: `row 56`. */
const rowName = ({ number }) => (number === null ? 'your row' : `row ${number}`);

function valueText(value) {
  if (value === null || value === undefined) return 'missing';
  if (typeof value === 'number') return exact(value);
  const text = plainText(String(value));
  // Isolated: text that is written from right to left does not move the numbers beside it.
  return `\u2068${text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text}\u2069`;
}
