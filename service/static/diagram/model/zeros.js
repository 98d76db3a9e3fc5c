/** Short words for why a number is exactly 0. */

const WORDS = {
  relu_off: 'ReLU is off',
  dead_relu: 'ReLU is off in all rows',
  saturated: 'saturated',
  dropped_out: 'dropped out',
  max_pool_loser: 'not the maximum',
  outside_windows: 'outside all windows',
  padding: 'only padding',
  code_absent: 'code is absent',
  zero_weight_row: 'row has weight 0',
  beyond_margin: 'beyond the margin',
  other_class: 'other class',
  exact_fit: 'exact fit',
  constant: 'all values equal',
  normalized: 'normalized away',
  zero_input: 'input is 0',
  zero_weight: 'weights are 0',
  frozen: 'frozen',
  clipped: 'clipped',
  zero_learning_rate: 'learning rate is 0',
  no_descent: 'no descent',
  rounded_away: 'rounded away',
  max_norm: 'max norm',
  initial: 'still 0',
  underflow: 'underflow',
  exact_zero: 'adds up to 0',
};

/** Words of a cause, such as `ReLU is off`; null without a cause. */
export const zeroWords = (cause) => (cause ? WORDS[cause] ?? cause.replaceAll('_', ' ') : null);
