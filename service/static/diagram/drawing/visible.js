/** The part of a network that is drawn: few units of wide layers, the largest edges between them. */
import { count, percent } from '../../core/numbers.js';
import { plainInput } from '../model/inputs.js';
import { none } from '../model/number.js';
import { plainName } from '../model/names.js';
import { drawnLayers } from './window.js';

const TOP_EDGES = 12;
const ALL_EDGES = 40;

/**
 * @typedef {object} Column
 * @property {'inputs'|'layer'|'loss'|'gap'} kind
 * @property {string} key
 * @property {string} title
 * @property {object[]} units
 * @property {number} unitCount
 * @property {object[]} edges edges into its units; both ends are drawn
 * @property {[number, number][]} links units connected without a weight, by index
 * @property {string|null} skipFrom
 */

/**
 * Part of the network that is drawn.
 * @param {import('../model.js').DrawnNetwork} network
 * @param {import('../answers.js').Clock} clock
 * @param {{units: number, inputs: number}} most units drawn of a layer, and inputs
 * @returns {{columns: Column[], sentences: string[]}}
 */
export function visible(network, clock, most) {
  const shown = [network.inputs, ...drawnLayers(network.layers, clock.layer)];
  const columns = [];
  let wanted = [];
  for (let place = shown.length - 1; place >= 0; place -= 1) {
    const layer = shown[place];
    if (typeof layer === 'number') {
      columns.unshift(gapColumn(layer, place));
      wanted = [];
      continue;
    }
    const before = typeof shown[place - 1] === 'object' ? shown[place - 1] : null;
    const column = drawnColumn(layer, before, clock, wanted, most);
    columns.unshift(column);
    wanted = column.wanted;
  }
  const drawn = columns.map((column, place) => connected(column, columns[place - 1]));
  const sentences = joined(drawn.map((column) => sentence(column, clock)).filter(Boolean));
  return { columns: [...drawn, lossColumn(network)], sentences };
}

const gapColumn = (left, place) => ({
  kind: 'gap', key: `gap.${place}`, title: '', left, units: [], unitCount: 0, edges: [], links: [],
  skipFrom: null, wanted: [],
});

const lossColumn = (network) => ({
  kind: 'loss', key: 'loss', title: network.loss.title, units: [{ key: 'loss', ...network.loss }],
  unitCount: 1, edges: [], links: [], skipFrom: null,
});

function drawnColumn(layer, before, clock, wanted, most) {
  const isInput = layer.key === 'inputs';
  const units = chooseUnits(layer, clock, wanted, isInput ? most.inputs : most.units);
  const targets = new Set(units.map((unit) => unit.unit));
  const edges = chooseEdges(layer, before, clock, targets);
  return {
    kind: isInput ? 'inputs' : 'layer', key: layer.key, title: layer.title, layer, units,
    unitCount: layer.unitCount, edges, links: [], skipFrom: layer.skipFrom,
    wanted: layer.link === 'elementwise'
      ? units.map((unit) => ({ source: unit.unit }))
      : [...edges].sort(bySize),
  };
}

const bySize = (one, other) => Math.abs(other.value.value ?? 0) - Math.abs(one.value.value ?? 0);

/** The selected unit, those that edges need, then those with the largest values. */
function chooseUnits(layer, clock, wanted, most) {
  const known = new Map(layer.units.map((unit) => [unit.unit, unit]));
  const selected = layer.key === clock.layer && clock.unit !== null && clock.unit < layer.unitCount
    ? [{ source: clock.unit }] : [];
  // Of many inputs, those that no drawn edge reads say nothing.
  const hasOthers = layer.key !== 'inputs' || layer.unitCount <= most || !wanted.length;
  const largest = hasOthers ? [...layer.units].sort((one, other) => other.rank - one.rank) : [];
  const candidates = [...selected, ...wanted, ...targetsOfLargest(layer, clock),
    ...largest.map((unit) => ({ source: unit.unit }))];
  const chosen = new Map();
  for (const { source, input } of candidates) {
    if (chosen.size >= most) break;
    if (!chosen.has(source)) chosen.set(source, known.get(source) ?? stub(layer, source, input));
  }
  return [...chosen.values()].sort((one, other) => one.unit - other.unit);
}

const isWide = (layer) => (layer.edgeCount || layer.edges.length) > ALL_EDGES;

const targetsOfLargest = (layer, clock) => (isWide(layer) && layer.key !== clock.layer
  ? (layer.largest?.edges ?? []).map(({ target }) => ({ source: target })) : []);

/** Unit that the answers do not explain, with the value that an edge carries. */
function stub(layer, unit, input) {
  const value = input ?? layer.carried.get(unit)
    ?? none({ base: 'a', sub: String(unit + 1), spoken: 'value' });
  if (layer.key === 'inputs') return plainInput(unit, value);
  return {
    key: `${layer.key}.${unit}`, layer: layer.key, unit, isStub: true, value, rank: 0,
    name: plainName('a', indexOf(unit, layer.shape)),
  };
}

/** Index into a shape of a position in row-major order. */
const indexOf = (flat, shape) => shape.reduceRight(([rest, index], size) => (
  [Math.floor(rest / size), [rest % size, ...index]]), [flat, []])[1];

function chooseEdges(layer, before, clock, targets) {
  const edges = layer.edges.filter((edge) => targets.has(edge.target));
  if (!isWide(layer)) return edges;
  if (layer.key === clock.layer && clock.unit !== null) {
    return edges.filter((edge) => edge.target === clock.unit).slice(0, TOP_EDGES);
  }
  if (before?.key === clock.layer && clock.unit !== null) {
    return edges.filter((edge) => edge.source === clock.unit).sort(bySize).slice(0, TOP_EDGES);
  }
  const largest = layer.largest?.edges.filter((edge) => targets.has(edge.target)) ?? [];
  return (largest.length ? largest : edges.sort(bySize)).slice(0, TOP_EDGES);
}

function connected(column, before) {
  if (!before || before.kind === 'gap' || column.kind === 'gap') return { ...column, edges: [] };
  const sources = new Set(before.units.map((unit) => unit.unit));
  const links = column.layer.link === 'elementwise' ? column.units
    .filter((unit) => sources.has(unit.unit)).map((unit) => [unit.unit, unit.unit]) : [];
  return { ...column, edges: column.edges.filter((edge) => sources.has(edge.source)), links };
}

/** Sentences: the same about several layers are one. */
function joined(pairs) {
  const names = new Map();
  for (const [name, text] of pairs) names.set(text, [...(names.get(text) ?? []), name]);
  return [...names].map(([text, those]) => `${those.join(', ')}: ${those.length > 1 ? 'each ' : ''}${text}`);
}

/** Name and what is not drawn of the edges into a layer; null if all are. */
function sentence(column, clock) {
  const { layer, edges } = column;
  if (column.kind !== 'layer' || layer.edgeCount <= edges.length || !edges.length) return null;
  const unit = column.units.find((one) => column.key === clock.layer && one.unit === clock.unit);
  const share = unit && layer.shares.get(unit.unit);
  if (unit && share && edges.every((edge) => edge.target === unit.unit)) {
    const total = share.shown + share.leftOut;
    if (total === edges.length) {
      return [layer.name, `all ${count(total)} edges into ${unit.name} drawn, of ${
        count(layer.edgeCount)} into the layer.`];
    }
    return [layer.name, `${count(edges.length)} of ${count(total)} edges into ${unit.name} drawn, ${
      ranking(edges.length === share.shown, share.share, 'the unit’s')}`];
  }
  const head = `${count(edges.length)} of ${count(layer.edgeCount)} edges drawn`;
  const largest = new Set(layer.largest?.edges.map(({ key }) => key));
  if (edges.every((edge) => largest.has(edge.key)) && isWide(layer)) {
    return [layer.name, edges.length === largest.size
      ? `${head}, ${ranking(true, layer.largest.share, 'the layer’s')}`
      : `${head}: the largest |∂L/∂w| between the units that are drawn.`];
  }
  return [layer.name, `${head}: those between the units that are drawn.`];
}

/** Which edges are drawn, and the part that they hold where all that the share counts are drawn. */
function ranking(isWhole, share, whose) {
  const which = 'those with the largest |∂L/∂w|';
  return isWhole && share !== null
    ? `${which}; they hold ${percent(share)} of ${whose} absolute gradient.` : `${which}.`;
}
