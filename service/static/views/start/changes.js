/** The exercise with numbers that a person typed: what is wrong with them, and its explanation. */
import { Problem } from '../../core/api.js';
import { go, route } from '../../core/router.js';
import { explainExercise } from '../../diagram/sources/exercise.js';
import { CHOICES, FIELDS, NUMBERS } from './exercise.js';

/** Number that a person typed, with a comma or a point; null if it is not one. */
function readNumber(text) {
  const plain = text.trim().replace('−', '-').replace(',', '.');
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : null;
}

/** Put the texts into the address: none where the text is that of the textbook. */
export function change(texts) {
  const changed = FIELDS.map(({ name, value }) => [name, texts[name] === String(value) ? null : texts[name]]);
  go('start', null, { ...route.peek().params, ...Object.fromEntries(changed) }, { replace: true });
}

/** The texts, with the earlier ones of fields that have no number, or none of their choices. */
export function usable(texts, earlier) {
  const problems = ownProblems(texts);
  return Object.fromEntries(FIELDS.map(({ name }) => [name, (problems[name] ? earlier : texts)[name]]));
}

/** Problem of each field, with those of the service at the fields that they are about. */
export const problemsOf = (texts, problem) => ({ ...serverProblems(problem), ...ownProblems(texts) });

const ownProblems = (texts) => Object.fromEntries([
  ...NUMBERS.filter(({ name }) => readNumber(texts[name]) === null)
    .map(({ name }) => [name, texts[name].trim() ? 'Enter a number, such as 0.5.' : 'A number is needed here.']),
  ...CHOICES.filter(({ name, options }) => !options.includes(texts[name]))
    .map(({ name, options }) => [name, `Choose one of ${options.join(', ')}.`]),
]);

function serverProblems(problem) {
  if (!(problem instanceof Problem)) return {};
  return Object.fromEntries(problem.errors.map(({ pointer, detail }) => [fieldOf(pointer ?? ''), detail])
    .filter(([name]) => name !== undefined));
}

/** Name of the field that a JSON pointer of a problem is about. */
const fieldOf = (pointer) => FIELDS.find((field) => pointer.startsWith(field.pointer))?.name;

/** Explanation of the exercise with these numbers. Throws Problem. */
export const explainChanged = (texts, options) => explainExercise(requestOf(texts), options);

function requestOf(texts) {
  const number = (name) => readNumber(texts[name]);
  const unit = (activation) => ({ units: 1, activation, use_bias: false });
  return {
    network: { layers: [{ type: 'dense', ...unit(texts.hidden) }], output: unit(texts.output) },
    loss: 'half_squared_error',
    optimizer: { type: 'sgd', learning_rate: number('rate') },
    weights: { 'layers.0.weight': [[number('w1')]], 'output.weight': [[number('w2')]] },
    rows: [[number('x')]],
    targets: [number('y')],
  };
}
