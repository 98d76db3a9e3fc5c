/** Units of a layer: what stands left and right in each phase, and what the curve shows. */
import { known, none } from './number.js';
import { plainName, predictionSymbol, unitSubscript } from './names.js';
import { numberOf } from './view.js';
import { zeroWords } from './zeros.js';

/**
 * @typedef {object} DrawnUnit
 * @property {string} key layer and index: the unit in URLs and in the drawing
 * @property {string} layer
 * @property {number} unit index within the layer, from 0
 * @property {string} name symbol and index in plain text, such as `a₂`
 * @property {string|null} label class or target of an output
 * @property {import('./number.js').DrawnNumber|null} left what enters; null where nothing does
 * @property {import('./number.js').DrawnNumber|null} right what leaves
 * @property {number} rank |value of the phase|: the largest are drawn
 * @property {{activation: string, points: {z: number, a: number}[], slope: number|null}|null} curve
 * @property {{values: number[], position: number}|null} bars probabilities of a softmax
 * @property {string|null} note why a number is 0, in few words
 * @property {import('./number.js').DrawnNumber|null} noteNumber z of a ReLU that is off
 * @property {string|null} why the same as a sentence
 * @property {object} all numbers of every phase, for the table
 */

// Units of other kinds hand on one value.
const WITH_Z = ['dense', 'conv2d', 'activation', 'dropout'];

/** Whether the units of a layer have a z of their own. */
export const hasOwnZ = (layer) => WITH_Z.includes(layer.type);

/** Units of a layer that the answers explain, in their order. */
export function unitsOf(view, layer, path) {
  const main = layer.units.map((unit, place) => [unit, `${path}/units/${place}`, view]);
  const found = new Set(layer.units.map((unit) => unit.unit));
  const extra = detailUnits(view, layer).filter(([unit]) => !found.has(unit.unit));
  const units = [...main, ...extra].sort(([one], [other]) => one.unit - other.unit);
  const softmax = layer.activation === 'softmax' ? units.map(([unit]) => unit) : null;
  return units.map(([unit, at]) => drawnUnit(view, layer, unit, at, softmax));
}

function detailUnits(view, layer) {
  const layers = view.answers.details?.layers ?? [];
  const place = layers.findIndex((one) => one.name === layer.name);
  if (place < 0) return [];
  return layers[place].units.map((unit, index) => [
    unit, `/details/layers/${place}/units/${index}`]);
}

function drawnUnit(view, layer, unit, path, softmax) {
  const output = layer.name === 'output' ? view.answers.outputs?.shown[unit.unit] ?? null : null;
  const all = allNumbers(view, layer, unit, path, output);
  const [left, right] = sides(view, layer, all, output);
  const cause = [right, left].find((one) => one?.zero)?.zero ?? null;
  const base = output ? predictionSymbol(output) : 'a';
  return {
    key: `${layer.name}.${unit.unit}`,
    layer: layer.name,
    unit: unit.unit,
    name: plainName(base, unit.index),
    label: output ? String(output.class_label ?? output.name) : null,
    left,
    right,
    rank: Math.abs((isBackward(view) ? all.delta : all.a).value ?? 0),
    curve: softmax ? null : curveOf(view, layer, unit),
    bars: softmax ? barsOf(view, softmax, unit) : null,
    note: zeroWords(cause),
    noteNumber: isOwnRelu(cause, layer, all.z, view) ? all.z : null,
    why: zeroText(unit, view),
    all,
  };
}

function allNumbers(view, layer, unit, path, output) {
  const sub = unitSubscript(unit.index);
  const quantity = (base, spoken, field) => numberOf(
    view, { base, sub, spoken }, unit[field], `${path}/${field}`);
  const prediction = output ? predictionSymbol(output) : 'a';
  const bias = (isNew) => {
    const symbol = { base: 'b', sub, isNew, spoken: isNew ? 'new bias' : 'bias' };
    const field = isNew ? 'after' : 'before';
    if (!unit.bias) return none(symbol);
    const zero = isNew ? unit.bias.zero_update?.cause ?? null : null;
    return { ...known(symbol, unit.bias[field], `${path}/bias/${field}`), unchanged: zero };
  };
  return {
    z: quantity('z', 'z', 'z'),
    a: quantity(prediction, output ? 'prediction' : 'a', 'a'),
    // The slope is that of one z: a batch has none.
    slope: view.isRow ? quantity('f′(z)', 'slope', 'slope') : none({ base: 'f′(z)', sub, spoken: 'slope' }),
    aGradient: { ...quantity('∂L/∂a', 'gradient of a', 'a_gradient') },
    delta: quantity('δ', 'delta', 'delta'),
    target: output ? targetOf(view, unit, sub) : null,
    bias: bias(false),
    newBias: bias(true),
  };
}

/** Target of an output for the row: a number, or 1 for the row's class and 0 for the others. */
function targetOf(view, unit, sub) {
  const symbol = { base: 'y', sub, spoken: 'target' };
  const target = view.isRow ? view.explanation.loss.targets[0] : undefined;
  if (target === undefined) return none(symbol);
  const path = `${view.path}/loss/targets/0`;
  if (Array.isArray(target)) return known(symbol, target[unit.unit], `${path}/${unit.unit}`);
  return known(symbol, Number(target === unit.unit), `${path}?is=${unit.unit}`);
}

function sides(view, layer, all, output) {
  const hasZ = hasOwnZ(layer);
  switch (view.clock.phase) {
    case 'backward':
      if (output) return [all.delta, view.isRow ? all.target : all.a];
      return [hasZ ? all.delta : null, withoutIndex(all.aGradient)];
    case 'update':
      if (!hasZ) return [null, none(all.a.symbol)];
      return [all.bias, all.newBias.unchanged
        ? { ...all.newBias, zero: all.newBias.unchanged } : all.newBias];
    default:
      return [hasZ ? all.z : null, all.a];
  }
}

const withoutIndex = (number) => ({ ...number, symbol: { ...number.symbol, sub: '' } });
const isBackward = (view) => view.clock.phase === 'backward' || view.clock.phase === 'update';
const isOwnRelu = (cause, layer, z, view) => (cause === 'relu_off' || cause === 'dead_relu')
  && layer.activation === 'relu' && view.clock.phase === 'backward' && z.value <= 0;

function curveOf(view, layer, unit) {
  if (!hasOwnZ(layer) || layer.type === 'dropout') return null;
  const points = unit.z.rows.map((z, row) => ({ z, a: unit.a.rows[row] }))
    .filter(({ z, a }) => z !== null && a !== null);
  const slope = view.isRow ? unit.slope?.rows[0] ?? null : null;
  return { activation: layer.activation ?? 'linear', points, slope };
}

const barsOf = (view, softmax, unit) => ({
  values: softmax.map((one) => (view.isRow ? one.a.rows[0] : one.a.batch) ?? 0),
  position: softmax.indexOf(unit),
});

function zeroText(unit, view) {
  if (!view.isRow) return null;
  const fields = view.clock.phase === 'backward' ? ['delta', 'a_gradient'] : ['a', 'z'];
  return fields.map((field) => unit[field]?.zero?.text).find(Boolean) ?? null;
}
