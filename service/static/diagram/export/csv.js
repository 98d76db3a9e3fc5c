/** The numbers of a drawing as CSV: one line per number, in full. */

const HEAD = ['kind', 'layer', 'unit', 'name', 'from', 'quantity', 'value'];
const QUANTITY = HEAD.indexOf('quantity');
/** Spreadsheets take text that begins so for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Text of a cell: numbers as the shortest text that reads back as the same, the rest quoted. */
export function csvCell(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Text of a table; lines end as RFC 4180 has it. */
const csvText = (rows) => rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');

/**
 * The numbers of a network: of its inputs, units, edges and loss.
 * @param {import('../model.js').DrawnNetwork} network
 */
export const networkCsv = (network) => csvText([HEAD, ...network.difference
  ? numberRows(network).map(([...cells]) => cells.with(QUANTITY, `difference of ${cells[QUANTITY]}`))
  : numberRows(network)]);

const numberRows = (network) => [
  ...network.inputs.units.flatMap((unit) => numberRow(['input', 'inputs', unit.unit, unit.name, null, 'x'], unit.value)),
  ...network.layers.flatMap((layer, index) => [
    ...layer.units.flatMap(unitRows),
    ...layer.edges.flatMap((edge) => edgeRows(edge, layer, network.layers[index - 1] ?? network.inputs)),
  ]),
  ...numberRow(['loss', 'loss', null, network.loss.title, null, 'L'], network.loss.value),
];

const numberRow = (cells, number) => (number?.state === 'known' ? [[...cells, number.value]] : []);

const unitRows = (unit) => Object.entries(unit.all).flatMap(([quantity, number]) => numberRow(
  ['unit', unit.layer, unit.unit, unit.label ?? unit.name, null, quantity], number));

const edgeRows = (edge, layer, source) => Object.entries(edge.all).flatMap(([quantity, number]) => numberRow(
  ['edge', layer.key, edge.target, nameOf(layer, edge.target), nameOf(source, edge.source), quantity], number));

function nameOf(layer, index) {
  const unit = layer.units.find((one) => one.unit === index);
  return unit ? unit.label ?? unit.name : `${layer.key} ${index + 1}`;
}
