/** Verdict on the gradients of a step: the backward pass against central differences. */
import { html, nothing } from '../../core/dom.js';
import { count, long, short } from '../../core/numbers.js';
import { effect, signal } from '../../core/state.js';
import { icon } from '../../parts/icons.js';
import { problemView } from '../../parts/problem.js';
import { ask } from '../../diagram/sources/ask.js';

/** Networks up to this size are checked by themselves: two forward passes per parameter. */
const SMALL_NETWORK = 500;
/** A step is checked by itself when a person has stayed on it for this long. */
const REST_MS = 800;

/** @param {import('./inside.js').Inside} inside */
export function gradientCheck(inside) {
  const results = new Map();
  const shown = signal(null);
  let abort = null;
  let timer = null;

  const keyNow = () => `${inside.clock.value.fold} ${inside.clock.value.step}`;

  async function run() {
    const { job, hasOnlyMarks } = inside.training.peek();
    const { step, fold } = inside.clock.peek();
    const key = `${fold} ${step}`;
    if (results.has(key)) { shown.value = { key, ...results.get(key) }; return; }
    abort?.abort();
    abort = new AbortController();
    const { signal: stop } = abort;
    shown.value = { key, isRunning: true };
    const rows = hasOnlyMarks ? { rows: inside.ownRow.peek() } : {};
    const question = { step, ...(fold === null ? {} : { fold }), ...rows };
    try {
      const answer = await ask(job.links.gradient_check, question, { signal: stop });
      results.set(key, { answer });
      shown.value = { key, answer };
    } catch (problem) {
      if (!stop.aborted) shown.value = { key, problem };
    }
  }

  const stop = effect(() => {
    const key = keyNow();
    const answers = inside.answers.value;
    clearTimeout(timer);
    if (answers === null || answers.step !== inside.clock.value.step) return;
    if (results.has(key) || answers.batch.parameter_count <= SMALL_NETWORK) {
      timer = setTimeout(run, results.has(key) ? 0 : REST_MS);
    }
  });

  return {
    run,
    render: () => badge(shown.value?.key === keyNow() ? shown.value : null, run, inside.answers.value?.batch),
    close: () => { abort?.abort(); clearTimeout(timer); stop(); },
  };
}

function badge(state, run, batch) {
  if (state === null) {
    return html`<button type="button" class="chip" @click=${run}>Check the gradient</button>`;
  }
  if (state.isRunning) return html`<span class="chip" role="status">${icon('wait')}Checking the gradient…</span>`;
  if (state.problem) {
    return html`<details class="check"><summary class="chip bad">${icon('fail')}Gradient not checked</summary>
      <div class="card pop">${problemView(state.problem, { retry: run })}</div></details>`;
  }
  const { check } = state.answer;
  // Float64 may reach where the training did not.
  const isStepFinite = batch?.loss.value !== null;
  const mark = isStepFinite ? { passed: 'done', failed: 'fail' }[check.verdict] : undefined;
  return html`<details class="check">
    <summary class="chip ${{ done: 'good', fail: 'bad' }[mark] ?? ''}">${icon(mark ?? 'info')}<span role="status">${
      isStepFinite ? verdictText(check) : notFiniteText(check)}</span></summary>
    <div class="card pop">${isStepFinite ? nothing : html`<p class="small">The loss of this step is not finite in ${
      check.dtype}: the training has no gradients of it that could be checked.</p>`}${details(state.answer)}</div>
  </details>`;
}

const notFiniteText = ({ verdict, dtype, checked, parameters }) => `Step not finite in ${dtype}; gradient ${
  verdict === 'not_checked' ? 'not checked' : `of float64 ${verdict}: ${count(checked)} of ${count(parameters)}`}`;

function verdictText({ verdict, parameters, checked, layers }) {
  if (verdict === 'not_checked') return 'Gradient not checked';
  const errors = layers.map(({ largest_error: error }) => error).filter((error) => error !== null);
  const largest = errors.length ? `, largest error ${short(Math.max(...errors))}` : '';
  return `Gradient check ${verdict}: ${count(checked)} of ${count(parameters)}${largest}`;
}

function details({ check, at }) {
  const { tolerance, layers, is_complete: isComplete } = check;
  return html`
    <p class="small">Central differences in float64, with a step of ε^⅓ · max(1, |w|), on the rows of
      step ${count(at.step)}. A layer passes up to a relative error of ${short(tolerance)}.</p>
    <p class="small">${leftOut(check)}${isComplete ? '' : ' The time was not enough for the whole sample.'}</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Gradient check per layer"><table>
      <caption class="hidden">Gradient check per layer</caption>
      <thead><tr><th scope="col">Layer</th><th scope="col">verdict</th>
        <th scope="col" class="number">checked</th><th scope="col" class="number">at kinks</th>
        <th scope="col" class="number">largest error</th><th scope="col">of</th>
        <th scope="col" class="number">step size</th>
        <th scope="col" class="number">error of ${check.dtype}</th></tr></thead>
      <tbody>${layers.map(layerRow)}</tbody>
    </table></div>`;
}

const layerRow = (layer) => html`<tr>
  <th scope="row">${layer.layer}</th>
  <td>${layer.verdict.replace('_', ' ')}</td>
  <td class="number">${count(layer.checked)} of ${count(layer.parameters)}</td>
  <td class="number">${count(layer.at_kinks)}</td>
  <td class="number" data-value=${layer.largest_error ?? ''}>${short(layer.largest_error)}</td>
  <td>${layer.worst ? `${layer.worst.name} [${layer.worst.index.join(', ')}]` : '–'}</td>
  <td class="number">${layer.worst ? long(layer.worst.step) : '–'}</td>
  <td class="number" data-value=${layer.training_error ?? ''}>${short(layer.training_error)}</td>
</tr>`;

/** Counts of the parameters that were not compared, with the reason. */
function leftOut({ at_kinks: kinks, frozen, not_finite: notFinite }) {
  const parts = [
    kinks ? `${count(kinks)} at a kink, where a unit changes its side and no derivative exists` : null,
    frozen ? `${count(frozen)} frozen` : null,
    notFinite ? `${count(notFinite)} where the objective is not finite` : null,
  ].filter(Boolean);
  return parts.length ? `Left out: ${parts.join('; ')}.` : 'No parameter was left out at a kink.';
}
