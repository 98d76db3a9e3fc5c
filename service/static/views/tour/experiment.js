/** One step of the recorded network with something changed, explained by the service. */
import { exerciseSource } from '../../diagram/sources/exercise.js';

/**
 * Choices of the pages that change a step: name in the address, values, the one at the start, and the
 * recorded step. At step 0 the loss rises from a rate of 5 on.
 */
export const EXPERIMENTS = {
  rate: { name: 'rate', values: [0.01, 0.1, 0.5, 1, 2, 5, 10, 20], value: 0.5, step: 0 },
  activation: { name: 'activation', values: ['tanh', 'sigmoid', 'relu', 'leaky_relu', 'softplus', 'linear'], value: 'tanh', step: 20 },
  penalty: { name: 'l2', values: [0, 0.001, 0.01, 0.1], value: 0.01, step: 20 },
};

/** Value that an address sets of an experiment; its start where the address sets none of its values. */
export function chosen({ name, values, value }, params) {
  return values.find((one) => String(one) === params[name]) ?? value;
}

/**
 * Body of POST /v1/explain for a recorded step of a network with one hidden layer.
 * @param {import('../../diagram/answers.js').StepAnswers} recorded with edges of every unit
 * @param {{rate?: number, activation?: string, penalty?: number}} changed
 */
export function requestOf(recorded, { rate, activation, penalty = 0 }) {
  const { batch, rows, lossName } = recorded;
  const layers = batch.layers.map((layer) => ({ ...layer, spec: specOf(layer, penalty) }));
  const [hidden, output] = layers;
  return {
    network: {
      layers: [{ type: 'dense', ...hidden.spec, activation: activation ?? hidden.activation }],
      output: { ...output.spec, activation: output.activation },
    },
    loss: lossName,
    optimizer: { type: batch.update.optimizer, learning_rate: rate ?? batch.update.base_rate },
    dtype: batch.dtype,
    weights: Object.assign({}, ...layers.map(weightsOf)),
    rows: rows.shown.map(({ encoded }) => encoded),
    targets: batch.loss.targets.flat(),
  };
}

const specOf = ({ unit_count: units }, l2) => ({ units, ...(l2 ? { l2 } : {}) });

/** Weights by input and unit, and biases, as the answer has them at its edges. */
function weightsOf({ name, in_shape: [inputs], units }) {
  const weight = Array.from({ length: inputs }, (_, input) => units.map(({ edges }) => (
    edges.find(({ source }) => source[0] === input).weight)));
  return { [`${name}.weight`]: weight, [`${name}.bias`]: units.map(({ bias }) => bias.before) };
}

/** Source of the changed step. Throws Problem. */
export const changedSource = (recorded, changed, names, options) => exerciseSource(
  { request: requestOf(recorded, changed), ...names }, options);
