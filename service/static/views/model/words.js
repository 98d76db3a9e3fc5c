/** Words of models, flags and targets. */
import { exact, long } from '../../core/numbers.js';

/** Words for what a model predicts. */
export const TASKS = {
  classification: 'classes', regression: 'a number', multi_label: 'several labels', reconstruction: 'reconstruction',
};

/** Names of the targets, or a dash for a reconstruction. */
export const targetText = ({ spec }) => [spec.target].flat().filter((name) => (name ?? null) !== null).join(', ') || '–';

/** Name of a model; of one without a name, what it predicts. */
export const nameOf = (model) => model.name.trim()
  || (model.spec.task === 'reconstruction' ? 'Reconstruction' : `Model of ${targetText(model)}`);

/** Class, label or value as text. */
export const labelText = (label) => (typeof label === 'number' ? exact(label) : label === null ? '–' : String(label));

/** Text of what the flag of a prediction says of a field's value. */
export function flagText(flag, field) {
  switch (flag) {
    case 'imputed': return `Missing: replaced by ${replacement(field)}.`;
    case 'not_understood': return `Not understood as ${WHAT[field?.type] ?? 'a value of this column'}: replaced by ${replacement(field)}.`;
    case 'unknown_category': return 'No training row has this category.';
    case 'out_of_range': return `Outside the training rows’ range by more than half of it${rangeText(field)}.`;
    case 'untrained': return 'No effect: the input was the same in all training rows.';
    default: return flag;
  }
}

const WHAT = { number: 'a number', time: 'a time', boolean: 'true or false' };
const rangeText = (field) => (field?.minimum === undefined || field.minimum === null ? ''
  : `: ${long(field.minimum)} to ${long(field.maximum)}`);
const replacement = (field) => (field?.fill === null || field?.fill === undefined ? 'no category'
  : typeof field.fill === 'number' ? long(field.fill) : String(field.fill));
