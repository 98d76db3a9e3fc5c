/** Exercises: steps that are described by numbers alone, answered by POST /v1/explain. */
import { post } from '../../core/api.js';
import { showsRow } from '../answers.js';

const MOST_UNITS = 25;

/**
 * @typedef {object} Exercise
 * @property {object} request body of POST /v1/explain
 * @property {string[]} [inputs] names of the network's inputs; by default x₁, x₂, …
 * @property {string[]} [outputs] names of its outputs; by default y₁, y₂, …
 * @property {number} [steps] number of steps, each from the weights after the one before
 */

/** Explanation of an exercise with all formulas, and with edges per row. Throws Problem. */
export const explainExercise = (request, options) => post(
  '/v1/explain', { formulas: 'all', units: allUnits(request.network), ...request }, options);

/** The first units of each dense layer: the service has values per row of the edges into these. */
function allUnits({ layers, output }) {
  const named = layers.map((layer, place) => [`layers.${place}`, layer]).concat([['output', output]]);
  return Object.fromEntries(named.filter(([, { units }]) => units).map(([name, { units }]) => [
    name, Array.from({ length: Math.min(units, MOST_UNITS) }, (_, unit) => unit)]));
}

/**
 * Source of the steps of an exercise. Throws Problem, that of its first step.
 * @param {Exercise} exercise
 * @returns {Promise<import('../answers.js').Source>}
 */
export async function exerciseSource(exercise, { signal } = {}) {
  const { request } = exercise;
  const requests = [request];
  const batches = [];
  const steps = exercise.steps ?? 1;
  for (let step = 0; step < steps; step += 1) {
    batches.push(await explainExercise(requests[step], { signal }));
    if (step + 1 < steps) requests.push(requestAfter(requests[step], batches[step]));
  }
  return {
    key: `exercise ${JSON.stringify(request)}`,
    steps,
    losses: batches.map(({ loss }, step) => ({ step, loss: loss.value })),
    marks: batches.map((_, step) => step),
    hasOnlyMarks: true,
    isLive: false,
    load: rowLoader(exercise, requests, batches),
  };
}

function rowLoader(exercise, requests, batches) {
  const rows = new Map();
  const read = (step, place) => {
    const key = `${step} ${place}`;
    if (!rows.has(key)) {
      const { rows: all, targets, row_weights: _, ...rest } = requests[step];
      const answer = explainExercise({ ...rest, rows: [all[place]], targets: [targets[place]] });
      rows.set(key, answer);
      answer.catch(() => rows.delete(key));
    }
    return rows.get(key);
  };
  return async (clock) => {
    const step = Math.min(clock.step, batches.length - 1);
    const place = Math.min(clock.row ?? 0, exercise.request.rows.length - 1);
    const row = clock.mode === 'row' ? await read(step, place) : null;
    return stepAnswers(exercise, batches, step, row, place, clock);
  };
}

function stepAnswers(exercise, batches, step, row, place, clock) {
  const { request } = exercise;
  const rows = describeRows(exercise, batches[step]);
  const batch = batches[step];
  return {
    step,
    at: { fold: null, step, epoch: step, step_in_epoch: 0, steps_per_epoch: 1, steps: batches.length },
    origin: null,
    exact: true,
    inexactBecause: null,
    rows,
    outputs: { shown: describeOutputs(exercise, batch), left_out: 0, estimates: null },
    lossName: lossName(request),
    batch,
    row,
    rowShown: row ? rows.shown[place] : null,
    details: showsRow(clock) && row ? row : batch,
  };
}

const UNSCALED = { center: null, scale: null, logarithm: false };

function describeRows({ request, inputs, outputs }, batch) {
  const size = request.rows[0].length;
  const names = inputs ?? numbered('x', size);
  const targets = describeOutputs({ request, outputs }, batch).map(({ name }) => name);
  return {
    shown: request.rows.map((encoded, number) => ({
      position: number,
      number,
      encoded,
      values: { ...pair(names, encoded), ...pair(targets, [request.targets[number]].flat()) },
    })),
    left_out: 0,
    inputs: names.map((name) => ({ column: name, meaning: 'number', detail: null, name, ...UNSCALED })),
    inputs_left_out: 0,
  };
}

function describeOutputs({ request, outputs }, batch) {
  const { activation, unit_count: count } = batch.layers.at(-1);
  const loss = lossName(request);
  const isProbability = loss.endsWith('entropy') && ['sigmoid', 'softmax'].includes(activation);
  return (outputs ?? numbered('y', count)).map((name) => ({
    name, target: name, class_label: null, meaning: isProbability ? 'probability' : 'value', ...UNSCALED,
  }));
}

const lossName = ({ loss }) => loss.type ?? loss;
const pair = (names, values) => Object.fromEntries(names.map((name, index) => [name, values[index]]));
const numbered = (name, count) => Array.from({ length: count }, (_, index) => (
  count === 1 ? name : `${name}${index + 1}`));

/** Request of the step after an explained one: its new weights, and the optimizer's new state. */
function requestAfter(request, explanation) {
  const weights = {};
  const state = {};
  for (const { name, shape, entries, is_state: isState } of parametersOf(explanation)) {
    if (isState) continue;
    const ordered = inOrder(shape, entries);
    weights[name] = ordered.map(({ after }) => after);
    for (const symbol of Object.keys(ordered[0].slots)) {
      state[symbol] = { ...state[symbol], [name]: ordered.map(({ slots }) => slots[symbol].after) };
    }
  }
  return { ...request, weights, optimizer_state: state, step: explanation.step + 1 };
}

const parametersOf = ({ layers }) => layers.flatMap(({ parameters }) => parameters);

function inOrder(shape, entries) {
  const flat = ({ index }) => index.reduce((sum, one, axis) => sum * shape[axis] + one, 0);
  return [...entries].sort((one, other) => flat(one) - flat(other));
}
