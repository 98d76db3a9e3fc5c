/** Layers that the diagram cannot draw whole, and what feeds them. */
import { shownExplanation } from '../answers.js';
import { plainText } from '../drawing/text.js';
import { layerName, layerTitle, plainName } from '../model/names.js';

/** Up to this number of edges into a layer, the diagram draws all. */
const MOST_EDGES = 40;
const MAPPED = ['conv2d', 'max_pooling2d', 'average_pooling2d'];
const UNCHANGED = ['flatten', 'reshape'];

/** Number of values of a shape. */
export const sizeOf = (shape) => shape.reduce((product, length) => product * length, 1);

/** Whether a layer is drawn as images and windows. */
export const isMapped = (layer) => MAPPED.includes(layer.type);

/** Whether more edges lead into a dense layer than the diagram draws. */
export const isWide = (layer) => (
  layer.type === 'dense' && sizeOf(layer.in_shape) * layer.unit_count > MOST_EDGES);

/**
 * Layers of a step that have a section of their own.
 * @param {import('../answers.js').StepAnswers} answers
 */
export const sectionLayers = (answers) => answers.batch.layers.filter(
  (layer) => isMapped(layer) || isWide(layer));

/** The weights of a layer, as the explanation has them; undefined without any. */
export const weightOf = (layer) => layer.parameters?.find(({ name }) => name.endsWith('.weight'));

/**
 * The layer whose outputs a layer reads; null if it reads the inputs of the network.
 * Layers of a block follow it in the list, so that its last layer does not feed the next one.
 */
export function feeding(layers, layer) {
  const group = groupOf(layer.name);
  const before = layers.slice(0, layers.indexOf(layer));
  const found = before.reverse().find(({ name }) => groupOf(name) === group);
  if (found) return found;
  const block = layers.find(({ name }) => `${name}.layers` === group);
  return block ? feeding(layers, block) : null;
}

const groupOf = (name) => (name === 'output' ? 'layers' : name.replace(/\.\d+$/, ''));

/** Whether a layer reads the network's inputs in their order, perhaps in another shape. */
export function readsInputs(layers, layer) {
  const before = feeding(layers, layer);
  return before === null || (UNCHANGED.includes(before.type) && readsInputs(layers, before));
}

/** Title of a layer as the diagram has it, such as `Hidden · 64 ReLU`. */
export function titleOf(layers, layer) {
  const dense = layers.filter(({ type, name }) => type === 'dense' && name !== 'output');
  return layerTitle(layer, layerName(layer, dense.indexOf(layer) + 1, dense.length));
}

/** Name of a unit, such as `a₁₂`. */
const unitName = (layer, unit) => plainName('a', indexOf(unit, layer.out_shape));

/** Index into a shape of a position in row-major order. */
export function indexOf(position, shape) {
  let rest = position;
  return [...shape].reverse().map((length) => {
    const index = rest % length;
    rest = (rest - index) / length;
    return index;
  }).reverse();
}

/** Position in row-major order of an index into a shape. */
export const positionOf = (index, shape) => index.reduce(
  (position, part, axis) => position * shape[axis] + part, 0);

/**
 * Names of the inputs of a layer, by index: those of the columns, or the units before it.
 * @param {import('../answers.js').StepAnswers} answers
 */
export function inputNames(answers, layer) {
  const { layers } = answers.batch;
  const { inputs } = answers.rows;
  if (readsInputs(layers, layer)) return (index) => plainText(inputs[index]?.name ?? `input ${index + 1}`);
  const before = feeding(layers, layer);
  return (index) => unitName(before, index);
}

/**
 * Names of the outputs, or of the units of another layer.
 * @param {import('../answers.js').StepAnswers} answers
 */
export function unitNames(answers, layer) {
  const { shown } = answers.outputs;
  if (layer.name === 'output') return (index) => plainText(shown[index]?.name ?? unitName(layer, index));
  return (index) => unitName(layer, index);
}

/** Short names of units, to be drawn: an output of a class has the class alone. */
export function unitLabels(answers, layer) {
  const names = unitNames(answers, layer);
  const { shown } = answers.outputs;
  return (index) => plainText(layer.name === 'output'
    ? String(shown[index]?.class_label ?? names(index)) : names(index));
}

/** The layer of an explanation that a clock shows. */
export const shownLayer = (answers, clock, name) => (
  shownExplanation(answers, clock).layers.find((layer) => layer.name === name));

/** Why a layer of an answer has no gradients. */
export const withoutGradients = ({ is_frozen: isFrozen }) => (isFrozen
  ? 'The layer is frozen: it has no gradients.' : 'The gradients of this step are not finite.');
