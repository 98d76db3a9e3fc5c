/** Weights of a layer, all of them or a block: their values, gradients or changes in a step. */
import { signal } from '../../core/state.js';
import { showsRow } from '../answers.js';
import { blocksOf, blockValues, blockWith, firstValue } from './blocks.js';
import { loaded } from './loaded.js';
import { shownLayer, sizeOf, weightOf } from './layers.js';
import { quantityOf } from './quantity.js';

const found = new WeakMap();
/** Index of the block that a person chose, by the layer's key. */
const chosen = signal({});

/**
 * Question for a block of a layer's weights and for the units that edges lead to.
 * @param {import('./blocks.js').Block} block
 */
function matrixQuestion(answers, clock, layer, block) {
  const shown = shownLayer(answers, clock, layer.name);
  const entries = weightOf(shown)?.entries ?? [];
  return {
    layers: [layer.name],
    units: { [layer.name]: [...new Set(entries.map(({ index }) => index[1]))] },
    top: 0,
    max_rows: showsRow(clock) ? 1 : 0,
    matrices: [weightOf(layer).name],
    first_value: firstValue(block, sizeOf(layer.in_shape), layer.unit_count),
    formulas: 'none',
  };
}

/**
 * The answer to it, loaded once the clock moves on.
 * @returns {{value: any, problem: Error|null, isLoading: boolean, reload: () => void}|null} null
 *   of a source that answers no questions
 */
export function matrixAnswer({ answers, source, clock }, layer, block) {
  if (!source.explain || !block) return null;
  const at = { ...clock, row: answers.rowShown?.number ?? clock.row };
  const question = matrixQuestion(answers, clock, layer, block);
  const key = questionKey(answers, at, question);
  return loaded(source, 'matrix', key, (abort) => source.explain(at, question, { signal: abort }));
}

const keyOf = ({ source }, layer) => `${source.key}.${layer.name}`;

/** Key of a question about the position of a clock. */
export const questionKey = (answers, clock, question) => JSON.stringify(
  [clock.fold, clock.step, showsRow(clock) ? answers.rowShown : null, question]);

/** Blocks of a layer's weights, and the one that is shown: the chosen, or that of the selection. */
export function layerBlocks(view, layer) {
  const blocks = blocksOf(sizeOf(layer.in_shape), layer.unit_count);
  const { clock } = view;
  const selected = clock.layer === layer.name && clock.unit !== null
    ? blockWith(blocks, Number(clock.edge ?? 0), clock.unit) : 0;
  return { blocks, block: blocks[chosen.value[keyOf(view, layer)] ?? selected] };
}

/** Show another block of a layer's weights. */
export function chooseBlock(view, layer, index) {
  chosen.value = { ...chosen.value, [keyOf(view, layer)]: index };
}

/**
 * Values of a block that a phase shows; null of a frozen layer's gradients.
 * The same answer gives the same array, so that it is painted once.
 */
export function matrixValues(answer, layer, block, clock) {
  const { matrix } = quantityOf(clock);
  const values = weightOf(answer.explanation.layers[0])?.[matrix];
  if (!values) return null;
  if (!found.has(values)) found.set(values, new Map());
  const kept = found.get(values);
  const key = `${block.firstInput}.${block.firstUnit}`;
  if (!kept.has(key)) {
    const first = firstValue(block, sizeOf(layer.in_shape), layer.unit_count);
    kept.set(key, blockValues(values, block, { units: layer.unit_count, first }));
  }
  return kept.get(key);
}
