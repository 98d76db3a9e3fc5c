/** The network that is drawn: plain data of the answers, nothing is computed. */
import { edgesOf, entryEdge } from './model/edges.js';
import { inputsOf, inputsTitle } from './model/inputs.js';
import { lossOf } from './model/loss.js';
import { layerName, layerTitle } from './model/names.js';
import { hasOwnZ, unitsOf } from './model/units.js';
import { viewOf } from './model/view.js';

/**
 * @typedef {object} DrawnLayer
 * @property {string} key `inputs`, or the layer's name
 * @property {string} name such as `Hidden 2`
 * @property {string} title such as `Hidden 2 · 64 ReLU`
 * @property {string} type kind of the layer; `inputs` of the inputs
 * @property {number} unitCount
 * @property {import('./model/units.js').DrawnUnit[]} units those that the answers explain
 * @property {'edges'|'elementwise'|'none'} link how its units are connected with the layer before
 * @property {import('./model/edges.js').DrawnEdge[]} edges
 * @property {boolean} isPassing whether its units hand on one value, without a z of their own
 * @property {number[]} shape of one row of its output
 * @property {number} edgeCount number of all edges into its units; 0 where they are not weights
 * @property {Map<number, object>} carried numbers that edges into the next layer carry, per unit
 * @property {Map<number, {share: number|null, shown: number, leftOut: number}>} shares per unit: the
 *   part of its edges that the answers have, in the sum of all absolute contributions
 * @property {{edges: object[], share: number|null, leftOut: number}|null} largest edges with the largest
 *   |∂L/∂w| among all of a dense layer
 * @property {string|null} skipFrom layer whose values a residual sum adds
 *
 * @typedef {object} DrawnNetwork
 * @property {number} step
 * @property {string} phase
 * @property {boolean} isRow
 * @property {DrawnLayer} inputs
 * @property {DrawnLayer[]} layers in the order of the forward pass
 * @property {{title: string, value: object, truth: string}} loss
 * @property {string|null} divergedIn
 * @property {{drawing: string, panel: string}|null} difference which numbers are differences from other
 *   answers, where they are
 */

const ELEMENTWISE = ['dropout', 'activation', 'batch_normalization', 'layer_normalization',
  'flatten', 'reshape', 'residual'];

/**
 * Network of the answers at a clock's position.
 * @param {import('./answers.js').StepAnswers} answers
 * @param {import('./answers.js').Clock} clock
 * @returns {DrawnNetwork}
 */
export function drawnNetwork(answers, clock) {
  const view = viewOf(answers, clock);
  const { explanation } = view;
  const layers = layersOf(view);
  return {
    step: explanation.step,
    phase: view.clock.phase,
    isRow: view.isRow,
    inputs: { ...inputLayer(view), carried: carriedBy(layers[0]) },
    layers,
    loss: lossOf(view),
    divergedIn: explanation.diverged_in,
    difference: null,
  };
}

function inputLayer(view) {
  const { rows } = view.answers;
  const first = view.explanation.layers[0];
  const units = inputsOf(view);
  return {
    key: 'inputs', name: 'Input', title: inputsTitle(view), type: 'inputs', units,
    unitCount: Math.max(units.length + (rows.inputs_left_out ?? 0), first ? size(first.in_shape) : 0),
    shape: first?.in_shape ?? [units.length], isPassing: true, link: 'none', edges: [], edgeCount: 0,
    shares: new Map(), largest: null, skipFrom: null,
  };
}

function layersOf(view) {
  const ordered = inForwardOrder(view.explanation.layers.map((layer, place) => ({
    layer, path: `${view.path}/layers/${place}` })));
  const dense = ordered.filter(({ layer }) => isHidden(layer));
  const layers = ordered.map(({ layer, path }, index) => {
    const name = layerName(layer, dense.findIndex((one) => one.layer === layer) + 1, dense.length);
    return drawnLayer(view, layer, path, name, skipSource(ordered, index));
  });
  return layers.map((layer, index) => ({ ...layer, carried: carriedBy(layers[index + 1]) }));
}

/** Values that the edges into a layer carry, per unit of the layer before. */
const carriedBy = (next) => new Map((next?.edges ?? []).map(({ source, input }) => [source, input]));

const isHidden = (layer) => layer.type === 'dense' && layer.name !== 'output';

/** A residual block stands before its layers in an answer; its sum comes after them. */
function inForwardOrder(layers) {
  if (!layers.length) return [];
  const [first, ...rest] = layers;
  if (first.layer.type !== 'residual') return [first, ...inForwardOrder(rest)];
  const own = rest.findIndex(({ layer }) => !layer.name.startsWith(`${first.layer.name}.`));
  const end = own < 0 ? rest.length : own;
  return [...inForwardOrder(rest.slice(0, end)), first, ...inForwardOrder(rest.slice(end))];
}

/** Layer before a residual block, whose values its sum adds. */
function skipSource(ordered, index) {
  const block = ordered[index].layer;
  if (block.type !== 'residual') return null;
  const first = ordered.findIndex(({ layer }) => layer.name.startsWith(`${block.name}.`));
  return first > 0 ? ordered[first - 1].layer.name : 'inputs';
}

function drawnLayer(view, layer, path, name, skipFrom) {
  const units = unitsOf(view, layer, path);
  const edges = allEdges(view, layer, path);
  return {
    key: layer.name,
    name,
    title: layerTitle(layer, name),
    type: layer.type,
    unitCount: layer.unit_count,
    shape: layer.out_shape,
    isPassing: !hasOwnZ(layer),
    units,
    link: linkOf(layer),
    edges,
    edgeCount: layer.type === 'dense' ? layer.unit_count * size(layer.in_shape) : 0,
    shares: sharesOf(view, layer),
    largest: largestOf(view, layer, path, edges),
    skipFrom,
  };
}

function linkOf(layer) {
  if (ELEMENTWISE.includes(layer.type)) return 'elementwise';
  return layer.type === 'embedding' ? 'none' : 'edges';
}

/** Edges of the details come first: they are those of the selected unit. */
function allEdges(view, layer, path) {
  const found = new Map();
  for (const [units, base] of explained(view, layer, path)) {
    for (const [place, unit] of units.entries()) {
      for (const edge of edgesOf(view, layer, unit, `${base}/${place}`)) {
        if (!found.has(edge.key)) found.set(edge.key, edge);
      }
    }
  }
  return [...found.values()];
}

function explained(view, layer, path) {
  const layers = view.answers.details?.layers ?? [];
  const place = layers.findIndex((one) => one.name === layer.name);
  const details = place < 0 ? [] : [[layers[place].units, `/details/layers/${place}/units`]];
  return [[layer.units, `${path}/units`], ...details];
}

/** Share of the shown edges in the sum of all absolute contributions, per unit. */
function sharesOf(view, layer) {
  const units = explained(view, layer, '').flatMap(([one]) => one);
  return new Map(units.map((unit) => [
    unit.unit, { share: unit.edges_share, shown: unit.edges.length, leftOut: unit.edges_left_out }]));
}

/** The largest entries of a dense layer's weights, among all of them. */
function largestOf(view, layer, path, edges) {
  const place = layer.parameters?.findIndex((one) => one.name === `${layer.name}.weight`) ?? -1;
  if (layer.type !== 'dense' || place < 0) return null;
  const weights = layer.parameters[place];
  const found = new Map(edges.map((edge) => [edge.key, edge]));
  return {
    edges: weights.entries.map((entry, index) => {
      const edge = entryEdge(view, layer, entry, `${path}/parameters/${place}/entries/${index}`);
      return found.get(edge.key) ?? edge;
    }),
    share: weights.entries_share,
    leftOut: weights.entries_left_out,
  };
}

const size = (shape) => shape.reduce((product, one) => product * one, 1);
