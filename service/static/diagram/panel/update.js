/** From the gradient of a weight to its new value: penalties, clipping, the optimizer's state. */
import { html, nothing } from '../../core/dom.js';
import { count, exact, long, short } from '../../core/numbers.js';
import { sameEdge } from './selection.js';

/**
 * Change of the selected weight or bias by the optimizer.
 * @param {import('./selection.js').Selection} selection
 */
export function updateWords({ answers, edge, isBias, explained }) {
  const { update, rows } = answers.batch;
  const entry = isBias ? explained.bias : edge?.entry;
  const gradient = `the gradient of ${rows === 1 ? 'the row' : `all ${count(rows)} rows`}`;
  if (typeof entry?.change !== 'number') return `The update uses ${gradient}.`;
  return `${optimizerName(update.optimizer)} moves this ${isBias ? 'bias' : 'weight'} by ${short(entry.change)}. ${
    basis(Object.keys(entry.slots), gradient)}`;
}

/** Averages over earlier steps that an update follows: they can point the other way than the gradient. */
function basis(slots, gradient) {
  const isMoment = slots.includes('m');
  if (!isMoment && !slots.includes('v')) return `It uses ${gradient}.`;
  const followed = isMoment
    ? `the ${slots.length > 1 ? 'moments' : 'moment'} ${slots.join(', ')}, with averages over this and earlier steps`
    : 'the momentum v, which adds up the gradients of this and earlier steps';
  return `The step follows ${followed}: they can outweigh ${gradient} in this step.`;
}

/** @param {import('./selection.js').Selection} selection */
export function updateSection({ answers, explained, details, edge, isBias }) {
  const unit = details ?? explained;
  const entry = isBias ? unit.bias : (edge && (sameEdge(unit, edge) ?? edge).entry);
  if (!entry) return nothing;
  const { update } = answers.batch;
  return html`<div class="update"><h3>From gradient to new value</h3>
    <table><caption class="hidden">From the gradient to the new value</caption>
      <thead><tr><th scope="col"><span class="hidden">Quantity</span></th>
        <th scope="col" class="number">before</th><th scope="col" class="number">after</th></tr></thead>
      <tbody>${lines(entry, update, isBias ? 'b' : 'w').map(line)}</tbody></table>
    <p class="small muted">${settings(update)}</p></div>`;
}

const line = ({ name, before, after, text = short }) => html`<tr><th scope="row">${name}</th>${before === undefined
  ? html`<td class="number"></td>` : cell(before, text)}${cell(after, text)}</tr>`;

const cell = (value, text) => html`<td class="number" data-value=${value === null ? '' : exact(value)}>${text(value)}</td>`;

/** Only parts that change something have a line: a penalty of 0 has none. */
function lines(entry, update, symbol) {
  const isClipped = entry.clipped !== null && entry.clipped !== entry.gradient;
  return [
    { name: html`<span class="symbol">∂L/∂${symbol}</span> of the batch`, after: entry.loss_gradient },
    ...(entry.l1_gradient ? [{ name: 'L1 penalty', after: entry.l1_gradient }] : []),
    ...(entry.l2_gradient ? [{ name: 'L2 penalty', after: entry.l2_gradient }] : []),
    ...(isClipped ? [{ name: `Clipped by ${update.clip ?? 'norm'}`, before: entry.gradient, after: entry.clipped }] : []),
    ...Object.entries(entry.slots).map(([name, slot]) => ({
      name: html`<span class="symbol">${name}</span> of ${optimizerName(update.optimizer)}`, ...slot })),
    ...(entry.max_norm_change ? [{ name: 'Max-norm constraint', after: entry.max_norm_change }] : []),
    { name: symbol === 'b' ? 'Bias' : 'Weight', before: entry.before, after: entry.after, text: long },
  ];
}

function settings({ optimizer, learning_rate: rate, base_rate: base, t, gradient_norm: norm, clip, clip_factor: factor }) {
  const scheduled = rate === base ? '' : ` of ${exact(base)}`;
  const clipped = clip === 'norm' && factor < 1 ? `, clipped by the factor ${short(factor)}` : '';
  return `${optimizerName(optimizer)}, learning rate ${exact(rate)}${scheduled}, t = ${t}. Norm of the gradient ${
    short(norm)}${clipped}.`;
}

const NAMES = {
  sgd: 'SGD', momentum: 'Momentum', nesterov: 'Nesterov', adam: 'Adam', adamw: 'AdamW', nadam: 'NAdam', amsgrad: 'AMSGrad',
  adamax: 'AdaMax', rmsprop: 'RMSProp', adagrad: 'AdaGrad', adadelta: 'AdaDelta', lbfgs: 'L-BFGS',
};

const optimizerName = (name) => NAMES[name] ?? name;
