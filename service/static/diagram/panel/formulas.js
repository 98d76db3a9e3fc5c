/** Formulas of a phase. */

const OF_UNIT = {
  forward: ['mean', 'variance', 'normalized', 'z', 'a'],
  backward: ['a_gradient', 'input_gradient', 'delta'],
};
const GRADIENTS = ['loss_gradient', 'row_gradient'];

/**
 * Formulas that a phase shows, in the order of the chain.
 * @param {import('./selection.js').Selection} selection
 * @returns {import('../answers.js').Formula[]}
 */
export function formulasOf({ answers, clock, details, edge, isBias, isRow }) {
  const { loss, update } = answers.details;
  const weight = isBias ? details.bias_formulas : edgeFormulas(details, edge);
  switch (clock.phase) {
    case 'loss':
      return only(loss.formulas, isRow ? ['row_loss'] : ['loss']);
    case 'update':
      return [...commonFormulas(update), ...weight.filter(({ of }) => !GRADIENTS.includes(of))];
    case 'backward': {
      const ofUnit = isRow ? only(details.formulas, OF_UNIT.backward) : [];
      return [...ofUnit, ...only(weight, GRADIENTS)];
    }
    default:
      return isRow ? only(details.formulas, OF_UNIT.forward) : [];
  }
}

const only = (formulas, names) => formulas.filter(({ of }) => names.includes(of));

/** The norm matters to a clipped step, the rate where a schedule changes it. */
const commonFormulas = ({ formulas, clip, base_rate: base, learning_rate: rate }) => formulas.filter(
  ({ of }) => (of === 'learning_rate' && rate !== base) || (of === 'gradient_norm' && clip === 'norm'));

function edgeFormulas(details, edge) {
  const key = JSON.stringify(edge?.source);
  return details.edges.find(({ source }) => JSON.stringify(source) === key)?.formulas ?? [];
}
