/** The selected unit and edge in the answers. */
import { edgeKey, shownExplanation, showsRow } from '../answers.js';

/**
 * @typedef {object} Selection
 * @property {import('../answers.js').StepAnswers} answers
 * @property {import('../answers.js').Clock} clock
 * @property {import('../answers.js').Explanation} explanation of the row, or of the batch
 * @property {import('../answers.js').Layer} layer
 * @property {import('../answers.js').Unit} explained the unit in `explanation`
 * @property {import('../answers.js').Unit|null} details the unit with formulas; null while they are loaded
 * @property {import('../answers.js').Unit|null} ofBatch the unit in the batch
 * @property {import('../model/units.js').DrawnUnit} drawn
 * @property {import('../answers.js').Edge|null} edge the selected edge, or the first one
 * @property {boolean} isBias whether the bias is selected
 * @property {boolean} isEdgeChosen whether a person selected the edge
 * @property {import('../answers.js').Edge[]} edges in the order of their sources
 */

/** @returns {Selection|null} */
export function selectionOf(answers, network, clock) {
  const explanation = shownExplanation(answers, clock);
  const details = unitOf(answers.details, clock);
  const explained = unitOf(explanation, clock) ?? details;
  const drawn = network.layers.find(({ key }) => key === clock.layer)?.units
    .find(({ unit }) => unit === clock.unit);
  const layer = layerOf(explanation, clock);
  if (!layer || !explained || !drawn) return null;
  const edges = inOrder((explained.edges.length ? explained : details ?? explained).edges);
  const isBias = clock.edge === 'bias' && explained.bias !== null;
  const chosen = edges.find((edge) => edgeKey(edge) === clock.edge);
  return {
    answers, clock, explanation, layer, explained, details, drawn, edges, isBias,
    ofBatch: unitOf(answers.batch, clock),
    edge: isBias ? null : chosen ?? edges[0] ?? null,
    isEdgeChosen: isBias || chosen !== undefined,
    isOutput: layer.name === 'output',
    isRow: showsRow(clock) && answers.row !== null,
  };
}

const layerOf = (explanation, { layer }) => explanation?.layers.find(({ name }) => name === layer) ?? null;

/** The unit of a clock in an explanation; null if it is not explained there. */
export const unitOf = (explanation, clock) => (
  layerOf(explanation, clock)?.units.find(({ unit }) => unit === clock.unit) ?? null);

/** The same edge in another explanation of the unit. */
export const sameEdge = (unit, edge) => (
  unit?.edges.find((other) => edgeKey(other) === edgeKey(edge)) ?? null);

function inOrder(edges) {
  const compare = (one, other) => {
    for (const [axis, index] of (one.source ?? []).entries()) {
      const difference = index - (other.source?.[axis] ?? 0);
      if (difference) return difference;
    }
    return 0;
  };
  return [...edges].sort(compare);
}
