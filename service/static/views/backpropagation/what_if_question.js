/** The counterfactual of a step: its request, and what can be chosen in it. */

/** Optimizers beside the one that trained; momentum is that of sgd. */
export const OPTIMIZERS = [
  ['sgd', 'SGD', { type: 'sgd' }],
  ['momentum', 'SGD with momentum', { type: 'sgd', momentum: 0.9 }],
  ['adagrad', 'Adagrad', { type: 'adagrad' }],
  ['adadelta', 'Adadelta', { type: 'adadelta' }],
  ['rmsprop', 'RMSprop', { type: 'rmsprop' }],
  ['adam', 'Adam', { type: 'adam' }],
  ['adamw', 'AdamW', { type: 'adamw' }],
  ['amsgrad', 'AMSGrad', { type: 'amsgrad' }],
  ['nadam', 'NAdam', { type: 'nadam' }],
  ['lion', 'Lion', { type: 'lion' }],
];

/** Losses by the kind of the task. */
const LOSSES = {
  classification: ['cross_entropy', 'binary_cross_entropy', 'hinge', 'mean_squared_error'],
  regression: ['mean_squared_error', 'half_squared_error', 'mean_absolute_error', 'huber', 'log_cosh', 'poisson'],
};

/** Higher learning rates are refused. */
export const MOST_RATE = 1000;
const RATE_STEPS = 120;
const DECADES = 3;
const MOMENTUM_NAME = 'SGD with momentum';

/** Losses that another one than the training's can be chosen from. */
export const lossesFor = (spec) => (LOSSES[spec.task] ?? LOSSES.regression)
  .filter((name) => name !== spec.loss.type);

/** Name of an optimizer as a person writes it. */
export function optimizerName({ type, momentum }) {
  if (type === 'sgd' && momentum > 0) return MOMENTUM_NAME;
  return OPTIMIZERS.find(([key]) => key === type)?.[1] ?? (type === 'lbfgs' ? 'L-BFGS' : type);
}

/** Key of the chosen optimizer among `OPTIMIZERS`; null for the one that trained. */
export function chosenOptimizer({ optimizer }) {
  if (!optimizer) return null;
  return optimizer.type === 'sgd' && optimizer.momentum > 0 ? 'momentum' : optimizer.type;
}

/** Learning rates of a slider: 3 decades below the step's own and up to 3 above, by their index. */
export const rateAt = (own, index) => Math.min(MOST_RATE, Number(
  (own * 10 ** ((2 * index / RATE_STEPS - 1) * DECADES)).toPrecision(2)));

/** Index on the slider of a learning rate. */
export const indexOfRate = (own, rate) => Math.round(Math.min(1, Math.max(0,
  (Math.log10(rate / own) / DECADES + 1) / 2)) * RATE_STEPS);

/** Places on the scale of learning rates. */
export const RATE_INDEXES = RATE_STEPS;

/**
 * Request of the counterfactual.
 * @param {import('../../core/clock.js').Clock} clock
 * @param {object} change fields of the request that differ from the step
 * @param {number} maxRows rows of the batch whose outputs are answered
 */
export const whatIfQuestion = ({ step, fold }, change, maxRows) => ({
  step, ...(fold === null ? {} : { fold }), ...change, ...(maxRows ? { max_rows: maxRows } : {}),
});

/** The change with one field set; null takes the field out. */
export function withField(change, name, value) {
  const { [name]: _, ...others } = change;
  return value === null ? others : { ...others, [name]: value };
}
