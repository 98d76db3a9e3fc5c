/** The textbook's exercise with one input, one hidden unit and one output, and its numbers. */

/** Fields of the form: name in the address, label, and its number in the textbook. */
export const NUMBERS = [
  { name: 'x', label: 'x, input', value: 0.5, pointer: '/rows' },
  { name: 'w1', label: 'w₁, into the hidden unit', value: 0.4, pointer: '/weights/layers.0.weight' },
  { name: 'w2', label: 'w₂, into the output', value: 0.6, pointer: '/weights/output.weight' },
  { name: 'y', label: 'y, target', value: 1, pointer: '/targets' },
  { name: 'rate', label: 'η, learning rate', value: 0.5, pointer: '/optimizer' },
];
/** Fields of the form with a choice. */
export const CHOICES = [
  { name: 'hidden', label: 'Hidden activation', value: 'sigmoid', pointer: '/network/layers',
    options: ['sigmoid', 'tanh', 'relu', 'linear'] },
  { name: 'output', label: 'Output activation', value: 'sigmoid', pointer: '/network/output',
    options: ['sigmoid', 'linear', 'softplus'] },
];
/** All fields of the form. */
export const FIELDS = [...NUMBERS, ...CHOICES];

/** Texts of the fields: those of the address, else those of the textbook. */
export const typedTexts = (params) => Object.fromEntries(
  FIELDS.map(({ name, value }) => [name, params[name] ?? String(value)]));

/** Whether the address has numbers of its own. */
export const isChanged = (params) => FIELDS.some(({ name, value }) => (
  params[name] !== undefined && params[name] !== String(value)));

const FUNCTIONS = { sigmoid: 'σ', tanh: 'tanh', relu: 'ReLU', softplus: 'softplus' };
const applied = (activation, symbol) => (activation === 'linear' ? symbol : `${FUNCTIONS[activation]}(${symbol})`);

/**
 * Columns of the score: a quantity with its value, its gradient and its new value.
 * @param {import('../../diagram/answers.js').Explanation} explanation
 */
export function scoreOf({ layers, loss }) {
  const [hidden, output] = layers.map(({ units }) => units[0]);
  const [first, second] = [hidden.edges[0], output.edges[0]];
  const row = (quantity) => quantity?.rows[0] ?? null;
  const unit = (symbol, note, value, gradient) => ({ symbol, note, value, gradient, after: undefined });
  const weight = (symbol, { weight: value, entry }) => ({
    symbol, note: 'weight', value, gradient: entry.loss_gradient, after: entry.after, isGiven: true });
  return [
    { ...unit('x', 'given', row(first.input), undefined), isGiven: true },
    weight('w₁', first),
    unit('z₁', 'w₁·x', row(hidden.z), row(hidden.delta)),
    unit('h', applied(layers[0].activation, 'z₁'), row(hidden.a), row(hidden.a_gradient)),
    weight('w₂', second),
    unit('z₂', 'w₂·h', row(output.z), row(output.delta)),
    unit('ŷ', applied(layers[1].activation, 'z₂'), row(output.a), row(output.a_gradient)),
    { symbol: 'L', note: '½(y − ŷ)²', value: loss.value, gradient: 1, after: loss.after },
  ];
}
