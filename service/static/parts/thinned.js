/** Long trainings: the service stores fewer of their epochs, the older these are. */
import { count } from '../core/numbers.js';

/**
 * Sentence on epochs that are no longer stored; empty if all are.
 * @param {number[]} epochs those that are, ascending
 */
export function thinnedWords(epochs) {
  const past = (epochs.at(-1) ?? -1) + 1;
  return past > epochs.length
    ? `The older epochs are thinned; ${count(epochs.length)} of ${count(past)} are stored.` : '';
}
