/** Checks of the training before its first step, on its data. */
import { html, nothing } from '../../core/dom.js';
import { post } from '../../core/api.js';
import { short } from '../../core/numbers.js';
import { signal } from '../../core/state.js';
import { icon } from '../../parts/icons.js';
import { problemView } from '../../parts/problem.js';
import { sentence } from './fields.js';
import { labelOf } from './schema.js';

const VERDICTS = {
  passed: ['done', 'passed', 'good'],
  warning: ['warn', 'warning', ''],
  failed: ['fail', 'failed', 'bad'],
  not_applicable: ['info', 'does not apply', ''],
};
/** Numbers of each check that are worth a line: member, text. */
const NUMBERS = {
  initial_loss: [['loss', 'loss'], ['expected', 'expected'], ['best_constant', 'best constant']],
  overfit_one_batch: [['initial_loss', 'from'], ['final_loss', 'to'], ['steps', 'steps'], ['learning_rate', 'at rate']],
  learning_rate_range: [['learning_rate', 'yours'], ['suggested_low', 'from'], ['suggested_high', 'to'], ['explodes_at', 'explodes at']],
};

/** @returns {object} `state` (a signal), `run(spec)`, `cancel()` */
export function makeChecks() {
  const state = signal(null);
  let abort = null;

  async function run(spec) {
    abort?.abort();
    abort = new AbortController();
    const current = abort;
    state.value = { spec, isRunning: true };
    try {
      const answer = await post('/v1/jobs/validate?checks=true', spec, { signal: current.signal });
      if (!current.signal.aborted) state.value = { spec, answer };
    } catch (problem) {
      if (!current.signal.aborted) state.value = { spec, problem };
    }
  }

  const cancel = () => {
    abort?.abort();
    state.value = null;
  };
  return { state, run, cancel };
}

/** The card of the checks. @param {object} checks @param {object} spec present request */
export function checksCard(checks, spec) {
  const state = checks.state.value;
  if (!state) return nothing;
  return html`<section class="card checks" aria-label="Checks before training" id="checks" tabindex="-1">
    <h2 class="h3">Checks before training</h2>
    ${state.isRunning ? html`<p role="status">Checking on the data, for at most 10 s. <button type="button" class="button small" @click=${checks.cancel}>Cancel</button></p>` : nothing}
    ${state.problem ? problemView(state.problem, { retry: () => checks.run(spec) }) : nothing}
    ${state.answer?.checks ? html`<div role="status"><ul>${state.answer.checks.map(checkItem)}</ul></div>` : nothing}
    ${state.answer && !state.answer.checks ? html`<p role="status">The request has errors: correct them, then check again.</p>` : nothing}
    ${!state.isRunning && state.spec !== spec ? html`<p class="small muted">The request has changed since. <button type="button" class="button small"
      @click=${() => checks.run(spec)}>Check again</button></p>` : nothing}
  </section>`;
}

function checkItem(check) {
  const [shape, word, tone] = VERDICTS[check.verdict];
  const numbers = (NUMBERS[check.name] ?? []).filter(([member]) => typeof check[member] === 'number');
  return html`<li><span class="state ${tone}">${icon(shape)}</span><div>
    <p><strong>${labelOf(check.name)}</strong>: ${word}</p>
    <p class="small">${sentence(check.detail)}</p>
    ${numbers.length ? html`<p class="small muted">${numbers.map(([member, text]) => html`${text} <span data-value=${check[member]}>${
      Number.isInteger(check[member]) ? check[member] : short(check[member])}</span> `)}</p>` : nothing}</div></li>`;
}
