/** Sentences for screen readers. */
import { count } from '../../core/numbers.js';
import { shortText } from '../model/number.js';

/** Sentence of a unit: `Hidden unit 2 of 3: delta −0.217, gradient of a −0.217`. */
export function unitSentence(unit, layer) {
  const label = unit.label ? `, ${unit.label}` : '';
  const head = `${layer.name} unit ${unit.unit + 1} of ${count(layer.unitCount)}${label}`;
  if (unit.isStub) return `${head}: not read yet`;
  const numbers = [unit.left, unit.right].filter(Boolean)
    .map((number) => `${number.symbol.spoken} ${shortText(number)}`);
  return `${head}: ${[...numbers, ...(unit.note ? [unit.note] : [])].join(', ')}`;
}

/** Sentence of an input: `petal_length: 5.2, encoded 0.396`. */
export function inputSentence(unit) {
  const value = shortText(unit.value);
  const read = unit.spoken ?? unit.raw;
  return read ? `${unit.name}: ${read}, encoded ${value}` : `${unit.name}: ${value}`;
}

/** Sentence of the loss. */
export const lossSentence = ({ value, truth }) => (
  `${value.symbol.spoken} ${shortText(value)}${truth ? `, ${truth}` : ''}`);

/** Name of a layer's group: `Hidden layer, 3 units`. */
export function layerSentence(column) {
  const n = column.unitCount;
  return `${column.layer.name} layer, ${count(n)} ${n === 1 ? 'unit' : 'units'}`;
}
