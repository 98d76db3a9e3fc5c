/** Selections of an address that the network does not have, and numbers that a step does not have. */
import { html, nothing } from '../../core/dom.js';
import { count, many } from '../../core/numbers.js';

/**
 * Why no unit is shown though the clock has one.
 * @param {import('../model.js').DrawnNetwork} network
 * @param {import('../answers.js').Clock} clock
 */
export function unknownUnit({ layers }, { layer: key, unit }) {
  const layer = layers.find((one) => one.key === key);
  if (!layer) {
    return words(`This network has no layer “${key}”. It has ${layers.map((one) => one.key).join(', ')}.`);
  }
  if (unit === null || unit < layer.unitCount) return nothing;
  return words(`${layer.name} has ${many(layer.unitCount, 'unit')}, counted from 0 in the address: there is no unit ${count(unit)}.`);
}

/** @param {import('./selection.js').Selection} selection */
export function unknownEdge({ clock, edges, explained, isBias, edge }) {
  const shown = isBias ? 'the bias' : `the edge from ${edge.source?.join('.') ?? 'the padding'}`;
  const reason = explained.edges_left_out ? 'is not among the edges that are shown' : 'does not lead into this unit';
  return words(`Edge “${clock.edge}” of the address ${reason}: it has ${many(edges.length, 'edge')}. You see ${shown}.`);
}

/**
 * Why a step with a loss that is not finite has no numbers behind it.
 * @param {import('./selection.js').Selection} selection
 */
export const noGradients = ({ isRow, clock, explanation }) => `The loss of ${
  isRow ? 'this row' : 'this batch'} is not finite in ${explanation.dtype}: ${
  clock.phase === 'update' ? 'the step has no gradients, and changes no weight.' : 'there is no gradient of it.'}`;

const words = (text) => html`<p class="why">${text}</p>`;
