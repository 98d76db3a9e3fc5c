/** Names and titles of layers, losses and symbols. */
import { count, subscript } from '../../core/numbers.js';

const ACTIVATIONS = {
  relu: 'ReLU', leaky_relu: 'leaky ReLU', elu: 'ELU', selu: 'SELU', gelu: 'GELU', silu: 'SiLU',
  hard_sigmoid: 'hard sigmoid',
};
const KINDS = {
  dense: 'Hidden', conv2d: 'Convolution', activation: 'Activation', dropout: 'Dropout',
  batch_normalization: 'Batch norm', layer_normalization: 'Layer norm', embedding: 'Embedding',
  max_pooling2d: 'Max pooling', average_pooling2d: 'Average pooling', flatten: 'Flatten',
  reshape: 'Reshape', residual: 'Residual sum',
};
const LOSSES = {
  cross_entropy: 'Cross-entropy', binary_cross_entropy: 'Cross-entropy',
  mean_squared_error: 'Squared error', half_squared_error: '½ squared error',
  mean_absolute_error: 'Absolute error', log_cosh: 'Log-cosh', gaussian: 'Gaussian likelihood',
};
const PREDICTIONS = { probability: 'p', mean: 'μ', log_variance: 's' };

/** Activation as the drawing writes it, such as `ReLU`. */
export const activationName = (activation) => (
  ACTIVATIONS[activation] ?? activation?.replaceAll('_', ' ') ?? 'linear');

/** Name of a loss, such as `Cross-entropy`. */
export function lossTitle(name) {
  if (!name) return 'Loss';
  const words = LOSSES[name] ?? name.replaceAll('_', ' ');
  return words[0].toUpperCase() + words.slice(1);
}

/** Name of a layer for its units, such as `Hidden 2`. `hidden` is its number among dense layers. */
export function layerName(layer, hidden, hiddenCount) {
  if (layer.name === 'output') return 'Output';
  const name = KINDS[layer.type] ?? layer.type.replaceAll('_', ' ');
  return layer.type === 'dense' && hiddenCount > 1 ? `${name} ${hidden}` : name;
}

/** Title of a layer, such as `Hidden · 3 ReLU`. */
export function layerTitle(layer, name) {
  const size = layer.out_shape.length > 1 ? layer.out_shape.join(' × ') : count(layer.unit_count);
  const hasFunction = layer.activation || layer.type === 'dense';
  return `${name} · ${size}${hasFunction ? ` ${activationName(layer.activation)}` : ''}`;
}

/** Symbol of an activated output: p, μ, s or ŷ. */
export const predictionSymbol = (output) => PREDICTIONS[output?.meaning] ?? 'ŷ';

/** Index of a unit as a subscript, counted from 1: `3`, of an image `1,2,1`. */
export const unitSubscript = (index) => index.map((one) => one + 1).join(',');

/** Name of a value in plain text: `a₃`. */
export const plainName = (base, index) => (
  base + index.map((one) => subscript(one + 1)).join('‚'));
