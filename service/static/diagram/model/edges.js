/** Edges into the units of a layer, and what each shows per phase. */
import { known, none } from './number.js';
import { flatIndex, numberOf } from './view.js';

/**
 * @typedef {object} DrawnEdge
 * @property {string} key
 * @property {string} layer layer of the target
 * @property {number} source index of its source within the source's layer, in row-major order
 * @property {number} target index of its target
 * @property {string} edge its source in a clock
 * @property {import('./number.js').DrawnNumber} value w, ∂L/∂w or w′ − w
 * @property {import('./number.js').DrawnNumber} input the value that comes in
 * @property {object} all numbers of every phase, for the table
 */

/** Quantity that edges show per phase. */
export const EDGE_QUANTITIES = {
  forward: 'w', loss: 'w', backward: '∂L/∂w', update: 'w′ − w',
};

/** Edges into one unit that its answer has. `path` is the unit's. */
export function edgesOf(view, layer, unit, path) {
  return unit.edges.flatMap((edge, place) => (edge.source === null
    ? [] : [drawnEdge(view, layer, unit, edge, `${path}/edges/${place}`)]));
}

function drawnEdge(view, layer, unit, edge, path) {
  const source = flatIndex(edge.source, layer.in_shape);
  const all = edgeNumbers(view, edge, path, `${source + 1}${source > 8 || unit.unit > 8 ? ',' : ''}${
    unit.unit + 1}`);
  return {
    key: `${layer.name}.${unit.unit}.${source}`,
    layer: layer.name,
    source,
    sourceIndex: edge.source,
    target: unit.unit,
    edge: edge.source.join('.'),
    value: { forward: all.weight, loss: all.weight, backward: all.gradient, update: all.change }[
      view.clock.phase],
    input: all.input,
    all,
  };
}

function edgeNumbers(view, edge, path, sub) {
  const { entry } = edge;
  const of = (field, base, spoken, cause) => {
    const symbol = { base, sub, spoken };
    return entry ? known(symbol, entry[field], `${path}/entry/${field}`, cause?.cause ?? null)
      : none(symbol);
  };
  const weight = { base: 'w', sub, spoken: 'weight' };
  return {
    weight: edge.weight === null ? none(weight) : known(weight, edge.weight, `${path}/weight`),
    input: numberOf(view, { base: 'x', sub: '', spoken: 'input' }, edge.input, `${path}/input`),
    gradient: of('loss_gradient', '∂L/∂w', 'gradient', entry?.zero_gradient),
    change: of('update', 'w′ − w', 'change', entry?.zero_update),
    after: of('after', 'w′', 'new weight'),
  };
}
