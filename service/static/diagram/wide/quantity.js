/** The quantity of a weight that a phase shows. */

const OF_PHASE = {
  forward: { symbol: 'w', noun: 'weights', one: 'weight', matrix: 'values' },
  loss: { symbol: 'w', noun: 'weights', one: 'weight', matrix: 'values' },
  backward: { symbol: '∂L/∂w', noun: 'gradients', one: '∂L/∂w', matrix: 'gradients' },
  update: { symbol: 'w′ − w', noun: 'changes', one: 'change', matrix: 'changes' },
};

/** @returns {{symbol: string, noun: string, one: string, matrix: string}} */
export const quantityOf = (clock) => OF_PHASE[clock.phase];

/**
 * Value of an entry that a phase shows.
 * @param {import('../answers.js').Entry} entry
 */
export function entryValue(entry, clock) {
  if (clock.phase === 'backward') return entry.loss_gradient;
  if (clock.phase !== 'update') return entry.before;
  return entry.change;
}

/** Value of a unit that a phase shows, and its symbol. */
export function unitQuantity(unit, clock) {
  if (clock.phase === 'backward') return { symbol: 'δ', quantity: unit.delta };
  return { symbol: 'a', quantity: unit.a };
}
