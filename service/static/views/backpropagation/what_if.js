/** The step again with something changed: both side by side, and the loss by learning rate. */
import { html, nothing } from '../../core/dom.js';
import { connection, isUnreachable } from '../../core/api.js';
import { count } from '../../core/numbers.js';
import { effect, signal } from '../../core/state.js';
import { problemView } from '../../parts/problem.js';
import { ask } from '../../diagram/sources/ask.js';
import { nearWatcher } from './observers.js';
import { whatIfForm } from './what_if_form.js';
import { MOST_RATE, whatIfQuestion } from './what_if_question.js';
import { sweepChart } from './sweep_chart.js';
import { whatIfTable } from './what_if_table.js';
import { waitLine } from './states.js';

/** The step is asked about when a person has stayed on it, or on a choice, for this long. */
const REST_MS = 250;
const MOST_ROWS = 256;

/** @param {import('./inside.js').Inside} inside */
export function whatIf(inside) {
  const isNear = signal(false);
  const compared = asked(inside, isNear, () => {
    const change = changeOf(inside);
    return change && { path: 'counterfactual', body: whatIfQuestion(inside.clock.value, change, MOST_ROWS) };
  });
  const swept = asked(inside, isNear, () => (
    { path: 'rate_sweep', body: whatIfQuestion(inside.clock.value, {}, undefined) }));
  const watch = nearWatcher(isNear);

  function choose(change) {
    inside.setParams({ whatif: JSON.stringify(change) });
  }

  function render() {
    const { job, hasOnlyMarks } = inside.training.value;
    const { step } = inside.clock.value;
    if (hasOnlyMarks || inside.failure.value) return nothing;
    const change = changeOf(inside);
    const answer = compared.value?.answer ?? null;
    return html`<section class="stack" aria-labelledby="whatif-title" ${watch()}>
      <div><h2 id="whatif-title">What if this step had been another?</h2>
        <p class="muted">Step ${count(step)} again from the same weights. Nothing is stored.</p></div>
      ${change === null ? nothing : html`<div class="halves">
        <div class="stack">
          ${whatIfForm({ job, change, answer, ownRate: rateOf(inside), choose })}
          ${waitLine(compared.wait)}
          ${compared.problem ? problemView(compared.problem, { retry: compared.retry }) : nothing}
          ${answer ? whatIfTable({ ...compared.value, job, answers: inside.answers.value, row: inside.clock.value.row }) : nothing}
        </div>
        <div>${swept.problem ? problemView(swept.problem, { retry: swept.retry }) : nothing}
          ${swept.value ? sweepChart({ sweep: swept.value.answer.sweep, job, compared: answer }) : nothing}</div>
      </div>`}
    </section>`;
  }

  return { render, close: () => { compared.close(); swept.close(); } };
}

/** The chosen change; to begin with, another learning rate. Null before the step is known. */
function changeOf(inside) {
  const rate = rateOf(inside);
  if (rate === null) return null;
  try {
    return JSON.parse(inside.params.value.whatif ?? '') ?? {};
  } catch {
    return { learning_rate: firstRate(rate) };
  }
}

/** Ten times the step's own rate, or a tenth where that would be refused. */
const firstRate = (own) => Number((own * 10 <= MOST_RATE ? own * 10 : own / 10).toPrecision(3));

const rateOf = (inside) => inside.answers.value?.batch.update.learning_rate ?? null;

/** Answer to a question that follows the clock; the last one stays until the next is there. */
function asked(inside, isNear, questionNow) {
  const state = signal({ value: null, problem: null, wait: null });
  const again = signal(0);
  let abort = new AbortController();
  let last = null;

  async function run({ path, body }) {
    const { signal: stop } = abort;
    const onWait = (wait) => { if (!stop.aborted) state.value = { ...state.peek(), wait }; };
    try {
      const answer = await ask(inside.training.peek().job.links[path], body, { signal: stop, onWait });
      state.value = { value: { answer, body }, problem: null, wait: null };
    } catch (problem) {
      const value = isUnreachable(problem) ? state.peek().value : null;
      if (!stop.aborted) state.value = { value, problem, wait: null };
    }
  }

  const stop = effect(() => {
    const hasAnswers = inside.answers.value?.step === inside.clock.value.step && !inside.training.value?.hasOnlyMarks;
    const question = isNear.value && hasAnswers ? questionNow() : null;
    const key = question && `${again.value} ${JSON.stringify(question)}`;
    if (!key || key === last) return;
    last = key;
    abort.abort();
    abort = new AbortController();
    const timer = setTimeout(run, REST_MS, question);
    abort.signal.addEventListener('abort', () => clearTimeout(timer));
  });

  const stopWaiting = effect(() => {
    if (connection.value.isOnline && isUnreachable(state.peek().problem)) again.value = again.peek() + 1;
  });

  return {
    get value() { return state.value.value; },
    get problem() { return state.value.problem; },
    get wait() { return state.value.wait; },
    retry: () => { again.value += 1; },
    close: () => { abort.abort(); stop(); stopWaiting(); },
  };
}
