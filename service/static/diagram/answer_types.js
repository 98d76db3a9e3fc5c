/**
 * Types of what the diagram draws, as the explain routes answer it; only for JSDoc, never loaded.
 *
 * Numbers that are not finite are null. Gradients in `batch` are those of the batch's loss; in `row`
 * those of the row's own loss.
 *
 * @typedef {import('../core/clock.js').Clock} Clock
 *
 * @typedef {object} Zero why a number is exactly 0
 * @property {string} cause code, such as `relu_off`
 * @property {string} text sentence with the numbers
 *
 * @typedef {object} Quantity a value per row
 * @property {number|null} batch mean over the batch of a value, sum of a gradient
 * @property {(number|null)[]} rows per shown row; empty where it was not asked for
 * @property {(string|null)[]} zeros cause per shown row; empty if no value is 0
 * @property {Zero|null} zero cause of the first shown row
 *
 * @typedef {object} Formula
 * @property {string} of quantity, such as `z`, `delta`, `loss_gradient`
 * @property {number|null} value
 * @property {string} mathml
 * @property {string} speech sentence to be read aloud
 * @property {string} [latex] missing in recorded answers
 *
 * @typedef {object} Entry one trained number, from its gradient to its new value
 * @property {number[]} index index into its array
 * @property {number|null} before
 * @property {number|null} loss_gradient
 * @property {number|null} l1_gradient
 * @property {number|null} l2_gradient
 * @property {number|null} gradient sum of the three
 * @property {number|null} clipped what the optimizer reads
 * @property {Record<string, {before: number|null, after: number|null}>} slots state of the optimizer
 * @property {number|null} update change by the optimizer
 * @property {number|null} max_norm_change
 * @property {number|null} change update and max_norm_change together
 * @property {number|null} after
 * @property {Zero|null} zero_gradient
 * @property {Zero|null} zero_update
 *
 * @typedef {object} Edge
 * @property {number[]|null} source index into the layer's input; null for padding
 * @property {string|null} parameter
 * @property {number|null} weight before the step
 * @property {Quantity} input x
 * @property {Quantity|null} term w · x
 * @property {Quantity|null} contribution x · δ
 * @property {Entry|null} entry null for a fixed weight
 * @property {Formula[]} formulas
 *
 * @typedef {object} Unit
 * @property {number} unit index within the layer
 * @property {number[]} index
 * @property {Quantity} z
 * @property {Quantity} a
 * @property {Quantity|null} slope f′(z)
 * @property {Quantity|null} a_gradient ∂L/∂a; null where it is not computed
 * @property {Quantity|null} delta ∂L/∂z
 * @property {number} active_rows rows of the batch with a ≠ 0
 * @property {Entry|null} bias
 * @property {Formula[]} bias_formulas
 * @property {Edge[]} edges
 * @property {number} edges_left_out
 * @property {number|null} edges_share
 * @property {Formula[]} formulas of the first shown row
 *
 * @typedef {object} Layer
 * @property {string} name such as `layers.0` or `output`
 * @property {string} type
 * @property {string|null} activation
 * @property {number[]} in_shape
 * @property {number[]} out_shape
 * @property {boolean} is_frozen
 * @property {number} parameter_count
 * @property {number} unit_count
 * @property {Unit[]} units
 * @property {number} units_left_out
 * @property {number} silent_units units with a = 0 in every row of the batch
 * @property {object[]} parameters left out of recorded answers
 *
 * @typedef {object} Loss
 * @property {number|null} value before the step
 * @property {number|null} penalty
 * @property {number|null} objective
 * @property {number|null} after after the step
 * @property {(number|null)[]} rows per shown row
 * @property {(number|null)[]} rows_after
 * @property {(number|null)[]} shares
 * @property {(number|null)[][]} outputs
 * @property {(number|(number|null)[])[]} targets class index, or numbers per output
 * @property {Formula[]} formulas
 *
 * @typedef {object} Update
 * @property {string} optimizer
 * @property {number} t
 * @property {number} base_rate
 * @property {number|null} learning_rate
 * @property {number|null} gradient_norm
 * @property {string|null} clip
 * @property {number|null} clip_factor
 * @property {number} clipped_count
 * @property {number} evaluations
 * @property {number|null} update_norm
 * @property {Formula[]} formulas
 *
 * @typedef {object} Explanation
 * @property {number} step
 * @property {number} epoch
 * @property {number} step_in_epoch
 * @property {number} rows rows of the batch
 * @property {number} first_row
 * @property {number} rows_shown
 * @property {number} rows_left_out
 * @property {string} dtype
 * @property {number} parameter_count
 * @property {Loss} loss
 * @property {Layer[]} layers
 * @property {number} layers_left_out
 * @property {Update} update
 * @property {string|null} diverged_in
 *
 * @typedef {object} Row
 * @property {number} position in the batch
 * @property {number|null} number in the dataset, from 0; null for a row of the client's own
 * @property {Record<string, unknown>} values as they were read, targets included
 * @property {number[]} encoded what the network gets, in the order of `inputs`
 *
 * @typedef {object} Input
 * @property {string} column
 * @property {string} meaning such as `number`, `category`, `missing`
 * @property {string|null} detail
 * @property {string} name
 * @property {number|null} center
 * @property {number|null} scale
 * @property {boolean} logarithm
 *
 * @typedef {object} Output
 * @property {string} name
 * @property {string} target
 * @property {string|number|boolean|null} class_label
 * @property {string} meaning such as `probability` or `value`
 * @property {number|null} center
 * @property {number|null} scale
 * @property {boolean} logarithm
 *
 * @typedef {object} StepAnswers everything that is known of a clock's position
 * @property {number} step
 * @property {{fold: number|null, step: number, epoch: number, step_in_epoch: number,
 *   steps_per_epoch: number, steps: number}} at
 * @property {{kind: string, step: number, replayed_steps: number, seconds: number}|null} origin null
 *   for recorded steps and exercises
 * @property {boolean} exact whether the numbers have the bits of the training
 * @property {{code: string, detail: string, differences: object}|null} inexactBecause
 * @property {{shown: Row[], left_out: number, inputs: Input[], inputs_left_out: number}} rows of the
 *   batch
 * @property {{shown: Output[], left_out: number, estimates: object[]|null}} outputs
 * @property {string} lossName name of the loss, such as `binary_cross_entropy`
 * @property {Explanation} batch the step as the training did it
 * @property {Explanation|null} row one row alone; null in batch mode
 * @property {Row|null} rowShown that row
 * @property {Explanation|null} details formulas, and edges per row, of the selected unit only; of
 *   `row` in row mode before the update, else of `batch`; null without a selected unit
 *
 * @typedef {object} Source a training, or an exercise, whose steps can be drawn
 * @property {string} key changes with the training, not with its progress
 * @property {number} steps number of steps: the last one is `steps` − 1
 * @property {{step: number, loss: number|null}[]} losses of batches before each step, in order
 * @property {string} [lossNote] what the losses leave out, as a sentence
 * @property {number[]} marks steps whose state is kept, in order: they need no replay
 * @property {boolean} hasOnlyMarks whether other steps cannot be drawn
 * @property {boolean} isLive whether steps are still being added
 * @property {(clock: Clock, options?: {signal?: AbortSignal}) => Promise<StepAnswers>} load
 * @property {(clock: Clock, part: object, options?: {signal?: AbortSignal}) => Promise<object>}
 *   [explain] answer of the explain route to another part of the clock's position, such as
 *   `{matrices: […]}`; not of recorded steps
 */

export {};
