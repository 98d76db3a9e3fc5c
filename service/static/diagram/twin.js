/** The table twin of the drawing: the same numbers with six digits, units first, then edges. */
import { html, nothing } from '../core/dom.js';
import { count } from '../core/numbers.js';
import { pagedTable } from '../parts/table.js';
import { later, longText } from './model/number.js';

const UNIT_HEADS = ['z', 'a', '∂L/∂a', 'f′(z)', 'δ', 'b', 'b′'];
const EDGE_HEADS = ['input', 'w', '∂L/∂w', 'w′ − w', 'w′'];

/**
 * Tables of all units and edges that the answers explain.
 * @param {{network: import('./model.js').DrawnNetwork, clock: import('./answers.js').Clock, id: string}}
 *   options `id` is that of the tables, for `aria-details`
 */
export const twin = ({ network, clock, id }) => html`<div class="twin" id=${id}>
  ${inputTable(network, id)}${unitTable(network, clock, id)}${edgeTable(network, clock, id)}</div>`;

function inputTable(network, id) {
  const isRead = network.isRow && !network.difference;
  const [head] = heads(network, [network.isRow ? 'encoded' : 'mean']);
  return pagedTable({
    key: `${id}-inputs`,
    caption: captionOf('Inputs', network),
    head: [{ text: 'Input' }, ...(isRead ? [{ text: 'as read', isNumber: true }] : []), head],
    rows: network.inputs.units.map((unit) => ({
      key: unit.key, cells: [unit.name, ...(isRead ? [unit.raw] : []), cell(unit.value)] })),
  });
}

function unitTable(network, clock, id) {
  const rows = network.layers.flatMap((layer) => layer.units.map((unit) => ({
    key: unit.key,
    isSelected: layer.key === clock.layer && unit.unit === clock.unit,
    cells: [`${layer.name}, ${unit.name}${unit.label ? ` ${unit.label}` : ''}`,
      ...numbersByPhase(unit, network.phase).map(cell), unit.note ?? ''],
  })));
  return pagedTable({
    key: `${id}-units`,
    caption: `${captionOf('Units', network)}${explained(network)}`,
    head: [{ text: 'Unit' }, ...heads(network, UNIT_HEADS), { text: 'Why 0' }],
    rows,
  });
}

function edgeTable(network, clock, id) {
  const rows = network.layers.flatMap((layer, index) => layer.edges.map((edge) => {
    const source = network.layers[index - 1] ?? network.inputs;
    return {
      key: edge.key,
      isSelected: layer.key === clock.layer && edge.target === clock.unit && edge.edge === clock.edge,
      cells: [`${nameOf(source, edge.source)} to ${nameOf(layer, edge.target)}`,
        ...edgeNumbers(edge, network.phase).map(cell)],
    };
  }));
  return pagedTable({
    key: `${id}-edges`,
    caption: captionOf('Edges', network),
    head: [{ text: 'Edge' }, ...heads(network, EDGE_HEADS)],
    rows,
  });
}

const wait = (number, isLater) => (isLater && number.state !== 'none' ? later(number.symbol) : number);

/** Numbers of a unit: those of phases still to come are `later`. */
function numbersByPhase(unit, phase) {
  const { z, a, aGradient, slope, delta, bias, newBias } = unit.all;
  const isBefore = phase === 'forward' || phase === 'loss';
  return [z, a, ...[aGradient, slope, delta].map((one) => wait(one, isBefore)), bias,
    wait(newBias, phase !== 'update')];
}

function edgeNumbers({ all }, phase) {
  const isBefore = phase === 'forward' || phase === 'loss';
  return [all.input, all.weight, wait(all.gradient, isBefore),
    wait(all.change, phase !== 'update'), wait(all.after, phase !== 'update')];
}

const nameOf = (layer, unit) => layer.units.find((one) => one.unit === unit)?.name
  ?? `${layer.name} ${unit + 1}`;

/** How many units there are where the answers do not explain all. */
function explained({ layers }) {
  const [shown, all] = [layers.reduce((sum, one) => sum + one.units.length, 0),
    layers.reduce((sum, one) => sum + one.unitCount, 0)];
  return shown < all ? `, ${count(shown)} of ${count(all)}` : '';
}

const captionOf = (what, { step, difference }) => (
  `${what} at step ${count(step)}${difference ? ', differences' : ''}`);

/** Heads of numbers; those of differences have a Δ. */
const heads = ({ difference }, texts) => texts.map((text) => ({
  text: difference ? `Δ ${text}` : text, isNumber: true }));
const cell = (number) => html`<span data-value=${number.value ?? nothing}
  data-path=${number.path ?? nothing}>${longText(number)}</span>`;
