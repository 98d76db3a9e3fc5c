/** Values at one place of a chart, in words. */
import { count, exact, short } from '../../core/numbers.js';

/** Sentence for screen readers: `epoch 12, training loss 0.31, validation loss 0.35`. */
export const spokenReading = ({ label, series, x }, index) => [
  `${x.name} ${placeText(x, index)}`,
  ...valuesAt(series, index).map(({ name, text }) => `${name} ${label.toLowerCase()} ${text}`),
].join(', ');

/** Text beside the title of the chart: `epoch 12: training 0.31, validation 0.35`. */
export const visibleReading = ({ series, x }, index) => (
  `${x.name} ${placeText(x, index)}: ${valuesAt(series, index).map(({ name, text }) => `${name} ${text}`).join(', ')}`);

const placeText = ({ values, isWhole }, index) => (isWhole ? count(values[index]) : exact(values[index]));

const valuesAt = (series, index) => series.map(({ name, values }) => (
  { name, text: (values[index] ?? null) === null ? 'none' : short(values[index]) }));
