/** Templates of the difference between two steps. */
import { html, live, nothing } from '../../core/dom.js';
import { count, exact, long } from '../../core/numbers.js';
import { jobName } from '../../parts/job_name.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { pagedTable } from '../../parts/table.js';
import { inputNames, titleOf, unitNames } from '../wide/layers.js';
import { quantityOf } from '../wide/quantity.js';
import {
  bySize, comparedUnits, comparedWeights, summary, valueName,
} from './compare.js';

const PAGE_ROWS = 10;

/** The section: a form, and what differs. */
export function differenceView(context) {
  const { state, isOpen, target, pair } = context;
  return html`<details class="difference" .open=${live(isOpen)}
      @toggle=${(event) => { state.isOpen.value = event.target.open; }}>
    <summary><h2>Difference from another step</h2></summary>
    ${isOpen ? html`<div class="stack">
      ${form(context)}
      ${target && !context.answers ? html`<p class="muted">There is nothing to compare yet.</p>` : nothing}
      ${pair ? compared(context) : nothing}
    </div>` : nothing}
  </details>`;
}

function form({ jobId, target, jobs, answers, setParams }) {
  const submit = (event) => {
    event.preventDefault();
    const data = new FormData(event.target);
    const id = data.get('job');
    setParams({ with: id === jobId ? null : id, with_step: data.get('step') });
  };
  const first = (id) => String(Math.max(0, (answers?.step ?? 1) - (id === jobId ? 1 : 0)));
  // Of this job the step before is compared, of another one the same step.
  const chooseJob = ({ target: { value, form: { elements } } }) => { elements.step.value = first(value); };
  const current = target?.withId ?? jobId;
  const others = (jobs?.value ?? []).filter(({ id }) => id !== jobId && id !== current);
  const named = (jobs?.value ?? []).find(({ id }) => id === current);
  return html`<form class="row difference-form" @submit=${submit}>
    <label class="field"><span>Job</span><select name="job" .value=${live(current)} @change=${chooseJob}>
      <option value=${jobId} ?selected=${current === jobId}>this job</option>
      ${current === jobId ? nothing
        : html`<option value=${current} selected>${named ? jobName(named) : current}</option>`}
      ${others.map((job) => html`<option value=${job.id}>${jobName(job)}</option>`)}
    </select></label>
    <label class="field"><span>Step</span><input type="number" name="step" min="0" step="1" required
      .value=${String(target?.withStep ?? first(jobId))}></label>
    <button class="button">Compare</button>
    ${target ? html`<button type="button" class="button quiet"
      @click=${() => setParams({ with: null, with_step: null })}>Stop comparing</button>` : nothing}
  </form>`;
}

function compared(context) {
  const { pair: { resource }, target } = context;
  const found = resource.value;
  return html`
    ${loadingLine(resource, `Reading step ${count(target.withStep)}…`)}
    ${resource.problem ? problemView(resource.problem, { retry: () => resource.reload() }) : nothing}
    ${found && !resource.problem ? found.unequal ? unequal(found.unequal) : tables(context, found) : nothing}`;
}

const unequal = ({ a, b }) => html`<p><strong>The networks have different shapes</strong>, so that their
  numbers cannot be compared: <code>${a}</code> here, <code>${b}</code> there.</p>`;

function tables(context, found) {
  const { answers, clock, target, jobId } = context;
  const layer = answers.batch.layers.find(({ name }) => name === found.shown.name);
  const names = { input: inputNames(answers, layer), unit: unitNames(answers, layer) };
  const isDense = layer.type === 'dense';
  const units = comparedUnits(found.shown, found.other, { clock, isRow: found.row !== null, nameOf: names.unit });
  const weights = comparedWeights(found.shown, found.other, {
    clock, first: found.first, nameOf: (parameter, place) => valueName(parameter, place, isDense ? names : null) });
  const quantity = quantityOf(clock);
  const heads = [`a: step ${count(target.withStep)}${target.withId === jobId ? '' : ', other job'}`,
    `b: step ${count(answers.step)}`];
  return html`
    ${layerChoice(context, found)}
    <p>${found.row === null ? 'Each step with its own batch.' : `Both steps with row ${count(found.row)}.`}
      Largest differences first.</p>
    ${block(`Units, ${clock.phase === 'backward' ? 'δ' : 'z and a'}`, units, heads, `${context.jobId}.units`,
      found.shown.units_left_out ? `${count(found.shown.units.length)} of ${count(found.shown.unit_count)} units compared.` : null)}
    ${block(`Parameters: ${quantity.noun}`, weights, heads, `${context.jobId}.weights`,
      partSentence(found, weights))}
    ${found.leftOut ? partChoice(context, found, weights.length) : nothing}`;
}

const partSentence = ({ leftOut, first }, weights) => (leftOut
  ? `Weights ${count(first + 1)} to ${count(first + weights.length)} of ${count(weights.length + leftOut)} compared.` : null);

function block(title, items, [a, b], key, cut) {
  const { unequal: differing, largest, count: all } = summary(items);
  return html`<div class="difference-block">
    <h3>${title}</h3>
    <p class="muted">${!all ? 'No numbers in this phase.' : differing === 0 ? `All ${count(all)} are equal.`
      : `${count(differing)} of ${count(all)} differ, most of all ${largest.name}: ${long(largest.difference)}.`}
      ${cut ?? nothing}</p>
    ${all ? pagedTable({
      key: `difference.${key}`,
      caption: `Difference, ${title}`,
      head: [{ text: 'Number' }, { text: a, isNumber: true }, { text: b, isNumber: true },
        { text: 'b − a', isNumber: true }],
      rows: rowsOf(bySize(items)),
      pageRows: PAGE_ROWS,
    }) : nothing}
  </div>`;
}

/** Rows that are made page by page. */
const rowsOf = (items) => ({
  length: items.length,
  slice: (first, end) => items.slice(first, end).map(({ key, name, a, b, difference }) => ({
    key, cells: [name, cell(a), cell(b), cell(difference)] })),
});

const cell = (value) => html`<span data-value=${value ?? nothing} title=${exact(value)}>${long(value)}</span>`;

function layerChoice({ answers, state }, found) {
  const layers = answers.batch.layers.filter(({ parameters }) => parameters?.length);
  if (layers.length < 2) return nothing;
  const choose = (event) => { state.layer.value = event.target.value; state.part.value = 0; };
  return html`<label class="field difference-layer"><span>Layer to compare</span>
    <select .value=${live(found.shown.name)} @change=${choose}>${layers.map((layer) => html`
      <option value=${layer.name} ?selected=${layer.name === found.shown.name}>${titleOf(answers.batch.layers, layer)}</option>`)}
    </select></label>`;
}

function partChoice({ state }, { first, leftOut }, shown) {
  const go = (by) => { state.part.value += by; };
  return html`<div class="row" role="group" aria-label="Part of the weights">
    <button type="button" class="button small" ?disabled=${first === 0} @click=${() => go(-1)}>Previous weights</button>
    <button type="button" class="button small" ?disabled=${first + shown >= shown + leftOut}
      @click=${() => go(1)}>Next weights</button></div>`;
}
