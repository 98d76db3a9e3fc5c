/** The eight pages: text, what to try, and the place of the clock. */

const ROW = { mode: 'row', row: 1, step: 20 };

/**
 * @typedef {object} Page
 * @property {string} key name under which it is remembered that the page was completed
 * @property {string} name
 * @property {string} text
 * @property {string} tryIt
 * @property {object} clock
 * @property {{layer: string, names: string[]}} formulas of the unit, edge or loss
 * @property {'rate'|'activation'|'penalty'|undefined} changes what the page changes in the step
 */

/** @type {Page[]} */
export const PAGES = [
  {
    key: 'forward',
    name: 'Forward pass',
    text: 'Values flow from the inputs to the output. Each unit multiplies what comes in by its weights, adds its bias, and bends the sum z with its activation function. What leaves it is a, which the next layer takes in.',
    tryIt: 'Choose the other hidden unit, or another row: the sum changes, the weights do not.',
    clock: { ...ROW, phase: 'forward', layer: 'layers.0', unit: 0, edge: null },
    formulas: { layer: 'layers.0', names: ['z', 'a'] },
  },
  {
    key: 'loss',
    name: 'Loss',
    text: 'The loss says in one number how wrong the prediction is. For a row of the second class it is −log of the predicted probability: near 0 if the network is right and sure, large if it is wrong and sure. Everything that follows asks which weight made it so.',
    tryIt: 'Choose each of the four rows: which one does the network get most wrong?',
    clock: { ...ROW, phase: 'loss', layer: 'output', unit: 0, edge: null },
    formulas: { layer: 'loss', names: ['row_loss'] },
  },
  {
    key: 'chain-rule',
    name: 'Chain rule',
    text: 'Start at the loss and walk back. At the output, δ is the prediction minus the target. A weight’s gradient is δ times the value that came in through it. A hidden unit gets δ through its weight, times the slope of its own activation: that is the chain rule.',
    tryIt: 'Choose a hidden unit and read its lines, then choose one of its weights.',
    clock: { ...ROW, phase: 'backward', layer: 'output', unit: 0, edge: '0' },
    formulas: { layer: 'output', names: ['delta', 'loss_gradient'] },
  },
  {
    key: 'update',
    name: 'Update',
    text: 'Every weight takes one small step against its gradient: new weight = weight − learning rate · gradient. The gradient is the sum over the rows of the batch, each with its share of the loss. After the step the loss of the batch is a little lower.',
    tryIt: 'Compare the loss before and after the step, then go on to the next step.',
    clock: { ...ROW, phase: 'update', layer: 'output', unit: 0, edge: '0', mode: 'batch' },
    formulas: { layer: 'output', names: ['moved'] },
  },
  {
    key: 'learning-rate',
    name: 'Learning rate',
    text: 'The gradient says where to go, not how far. The learning rate is the length of the step. Too short, and hardly anything is learned. Too long, and the step jumps over the valley: the loss is higher than before.',
    tryIt: 'Move the rate until the loss rises.',
    clock: { ...ROW, step: 0, phase: 'update', layer: 'output', unit: 0, edge: '0', mode: 'batch' },
    formulas: { layer: 'output', names: ['moved'] },
    changes: 'rate',
  },
  {
    key: 'activation',
    name: 'Activation functions',
    text: 'The slope at the dot decides how much of the gradient gets through a unit. Where the curve is flat, nothing does: a saturated tanh or sigmoid, a ReLU that is off. Without a curve, as in linear, the layers together are one straight line.',
    tryIt: 'Choose each function and compare the slope with the gradient that comes in.',
    clock: { ...ROW, step: 0, phase: 'backward', layer: 'layers.0', unit: 0, edge: null },
    formulas: { layer: 'layers.0', names: ['delta'] },
    changes: 'activation',
  },
  {
    key: 'batch',
    name: 'Batch and single example',
    text: 'One row pushes a weight one way, the next row the other way. The update follows their mean, which is steadier than any single row. A batch of one row takes many restless steps, a batch of all rows few calm ones.',
    tryIt: 'Look at the rows one by one: which of them push this weight up?',
    clock: { ...ROW, phase: 'backward', layer: 'output', unit: 0, edge: '0', mode: 'batch' },
    formulas: { layer: 'output', names: ['loss_gradient'] },
  },
  {
    key: 'regularization',
    name: 'Regularization',
    text: 'A penalty such as l2 · Σ w² makes large weights expensive. It adds a share of its own to each gradient, 2 · l2 · w, which pulls the weight towards 0. The network fits the rows a little worse, and often does better on new ones.',
    tryIt: 'Turn the penalty off and on, and compare the two shares of the gradient.',
    clock: { ...ROW, step: 0, phase: 'update', layer: 'output', unit: 0, edge: '0', mode: 'batch' },
    formulas: { layer: 'output', names: ['moved'] },
    changes: 'penalty',
  },
];

/** Index of the page that an address names: the first one if it names none. */
export function pageIndex(id) {
  const index = Number(id) - 1;
  return Number.isInteger(index) && index >= 0 && index < PAGES.length ? index : 0;
}
