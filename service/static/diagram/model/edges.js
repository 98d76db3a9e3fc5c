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
 * @property {import('./number.js').DrawnNumber|null} input the value that comes in, where it is known
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

/** Edge of an entry of a dense layer's weights, whose unit the answers may not explain. */
export function entryEdge(view, layer, entry, path) {
  const [source, target] = entry.index;
  const numbers = entryNumbers(entry, path, subscriptOf(source, target));
  const weight = known({ base: 'w', sub: subscriptOf(source, target), spoken: 'weight' },
    entry.before, `${path}/before`);
  return edgeWith(view, layer, [source], target, { ...numbers, weight, input: null });
}

function drawnEdge(view, layer, unit, edge, path) {
  const source = flatIndex(edge.source, layer.in_shape);
  const sub = subscriptOf(source, unit.unit);
  const weight = { base: 'w', sub, spoken: 'weight' };
  const input = { base: 'x', sub: '', spoken: 'input' };
  return edgeWith(view, layer, edge.source, unit.unit, {
    ...entryNumbers(edge.entry, `${path}/entry`, sub),
    weight: edge.weight === null ? none(weight) : known(weight, edge.weight, `${path}/weight`),
    input: numberOf(view, input, edge.input, `${path}/input`),
  });
}

function edgeWith(view, layer, sourceIndex, target, all) {
  const source = flatIndex(sourceIndex, layer.in_shape);
  return {
    key: `${layer.name}.${target}.${source}`,
    layer: layer.name,
    source,
    sourceIndex,
    target,
    edge: sourceIndex.join('.'),
    value: { forward: all.weight, loss: all.weight, backward: all.gradient, update: all.change }[
      view.clock.phase],
    input: all.input,
    all,
  };
}

/** Index of a weight: `12`, or `10,2` where an index has two digits. */
const subscriptOf = (source, target) => (
  [source + 1, target + 1].join(source > 8 || target > 8 ? ',' : ''));

function entryNumbers(entry, path, sub) {
  const of = (field, base, spoken, zero) => {
    const symbol = { base, sub, spoken };
    return entry ? known(symbol, entry[field], `${path}/${field}`, zero?.cause ?? null) : none(symbol);
  };
  return {
    gradient: of('loss_gradient', '∂L/∂w', 'gradient', entry?.zero_gradient),
    change: of('change', 'w′ − w', 'change', entry?.zero_update),
    after: of('after', 'w′', 'new weight'),
  };
}
