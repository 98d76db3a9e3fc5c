/** The network's inputs: the row as it was read, and as the network gets it. */
import { exact } from '../../core/numbers.js';
import { known, none } from './number.js';
import { numberOf } from './view.js';

/** Inputs that the answers describe. */
export function inputsOf(view) {
  const { rows } = view.answers;
  const shown = view.isRow ? rowOf(view) : null;
  return rows.inputs.map((input, unit) => ({
    key: `inputs.${unit}`,
    layer: 'inputs',
    unit,
    name: input.name,
    raw: view.isRow ? rawText(shown?.row.values[input.column]) : 'mean',
    value: inputNumber(view, shown, unit),
    rank: 0,
  }));
}

/** Input that the answers do not describe: `x₁₂₀`, with the value that an edge carries. */
export const plainInput = (unit, value) => ({
  key: `inputs.${unit}`, layer: 'inputs', unit, name: `input ${unit + 1}`, raw: '', value, rank: 0, isPlain: true,
});

/** Title of the inputs. */
export const inputsTitle = (view) => (
  view.answers.rows.inputs.some((input) => input.scale !== null && input.scale !== 1)
    ? 'Inputs, standardized' : 'Inputs');

function rowOf(view) {
  const { answers } = view;
  if (answers.rowShown) return { row: answers.rowShown, path: '/rowShown' };
  const shown = answers.rows.shown;
  const found = shown.findIndex((row) => row.number === view.clock.row);
  const place = Math.max(found, 0);
  return shown.length ? { row: shown[place], path: `/rows/shown/${place}` } : null;
}

function inputNumber(view, shown, unit) {
  const symbol = { base: 'x', sub: String(unit + 1), spoken: '' };
  if (view.isRow) {
    return shown?.row.encoded.length > unit ? known(symbol, shown.row.encoded[unit], `${shown.path}/encoded/${unit}`)
      : none(symbol);
  }
  return meanOf(view, symbol, unit);
}

/** Mean over the batch of an input: the edges and elementwise units of the first layer have it. */
function meanOf(view, symbol, unit) {
  const layer = view.explanation.layers[0];
  if (!layer) return none(symbol);
  const isElementwise = ['dropout', 'activation', 'reshape', 'flatten'].includes(layer.type);
  for (const [place, one] of layer.units.entries()) {
    const path = `${view.path}/layers/0/units/${place}`;
    if (isElementwise && one.unit === unit) return numberOf(view, symbol, one.z, `${path}/z`);
    const edge = one.edges.findIndex(({ source }) => source?.length === 1 && source[0] === unit);
    if (edge >= 0) return numberOf(view, symbol, one.edges[edge].input, `${path}/edges/${edge}/input`);
  }
  return none(symbol);
}

function rawText(value) {
  if (value === null || value === undefined) return 'missing';
  return typeof value === 'number' ? exact(value) : String(value);
}
