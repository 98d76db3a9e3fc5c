/** Choices of the counterfactual: optimizer, learning rate, loss, clipping and batch size. */
import { html, live, nothing } from '../../core/dom.js';
import { exact } from '../../core/numbers.js';
import { fieldText } from '../../parts/field_text.js';
import {
  chosenOptimizer, indexOfRate, lossesFor, optimizerName, OPTIMIZERS, RATE_INDEXES, rateAt, withField,
} from './what_if_question.js';

/**
 * @param {{job: object, change: object, answer: object|null, ownRate: number,
 *   choose: (change: object) => void}} options
 */
export function whatIfForm(options) {
  const { change } = options;
  const isOpen = ['loss', 'gradient_clip', 'batch_size'].some((name) => name in change);
  return html`<form class="stack" @submit=${(event) => event.preventDefault()}>
    <div class="whatif">${optimizerField(options)}${rateField(options)}</div>
    <details ?open=${isOpen}><summary>Loss, clipping, batch size</summary>
      <div class="fields">${lossField(options)}${clipField(options)}${batchField(options)}</div>
    </details>
  </form>`;
}

function optimizerField({ job, change, choose }) {
  const chosen = chosenOptimizer(change) ?? '';
  const pick = ({ target }) => {
    const [, , optimizer] = OPTIMIZERS.find(([key]) => key === target.value) ?? [];
    choose(withField(change, 'optimizer', optimizer ?? null));
  };
  return html`<div class="field"><label for="whatif-optimizer">Optimizer</label>
    <select id="whatif-optimizer" .value=${live(chosen)} @change=${pick}>
      <option value="" ?selected=${chosen === ''}>${optimizerName(job.spec.optimizer)}, as trained</option>
      ${OPTIMIZERS.filter(([key]) => key !== chosenOptimizer(job.spec)).map(([key, text]) => html`<option value=${key} ?selected=${key === chosen}>${text}</option>`)}
    </select></div>`;
}

/** A slider in decades around the step's own rate. */
function rateField({ change, answer, ownRate, choose }) {
  const rate = change.learning_rate ?? answer?.counterfactual.changed.learning_rate ?? ownRate;
  const slide = ({ target }) => choose(withField(change, 'learning_rate', rateAt(ownRate, Number(target.value))));
  return html`<div class="field rate"><label for="whatif-rate">Learning rate
      <strong data-value=${rate}>${exact(rate)}</strong></label>
    <input id="whatif-rate" type="range" min="0" max=${RATE_INDEXES} step="1"
      .value=${live(String(indexOfRate(ownRate, rate)))} aria-valuetext=${exact(rate)} @input=${slide}>
  </div>`;
}

function lossField({ job, change, choose }) {
  const chosen = change.loss ?? '';
  return html`<div class="field"><label for="whatif-loss">Loss</label>
    <select id="whatif-loss" .value=${live(chosen)}
      @change=${({ target }) => choose(withField(change, 'loss', target.value || null))}>
      <option value="" ?selected=${chosen === ''}>${job.spec.loss.type}, as trained</option>
      ${lossesFor(job.spec).map((name) => html`<option value=${name} ?selected=${name === chosen}>${name}</option>`)}
    </select></div>`;
}

function clipField({ job, change, choose }) {
  const trained = job.spec.gradient_clip;
  const limit = change.gradient_clip?.limit ?? '';
  const set = ({ target }) => {
    const value = Number(target.value);
    choose(withField(change, 'gradient_clip', value > 0 ? { type: 'norm', limit: value } : null));
  };
  const without = ({ target }) => choose(withField(change, 'gradient_clip', target.checked ? 'none' : null));
  return html`<div class="field"><label for="whatif-clip">Clip the norm at</label>
    <input id="whatif-clip" type="number" min="0" step="any" ${fieldText(String(limit))}
      placeholder=${trained ? `${trained.limit}, as trained` : 'not clipped, as trained'} @change=${set}>
    ${trained ? html`<label class="check"><input type="checkbox" .checked=${live(change.gradient_clip === 'none')}
      @change=${without}>no clipping</label>` : nothing}
  </div>`;
}

function batchField({ job, change, choose }) {
  const set = ({ target }) => {
    const value = Math.floor(Number(target.value));
    choose(withField(change, 'batch_size', value > 0 ? value : null));
  };
  return html`<div class="field"><label for="whatif-batch">Rows of the batch</label>
    <input id="whatif-batch" type="number" min="1" step="1" ${fieldText(String(change.batch_size ?? ''))}
      placeholder="${job.spec.batch_size}, as trained" @change=${set}></div>`;
}
