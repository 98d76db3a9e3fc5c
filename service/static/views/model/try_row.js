/** Try a row: the form, the answer, and the answer over two columns. */
import { get } from '../../core/api.js';
import { html, nothing } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { batch, signal } from '../../core/state.js';
import { problemView } from '../../parts/problem.js';
import { answerCard } from './answer.js';
import { openCurve } from './curve.js';
import { fieldsOf, middleRow } from './fields.js';
import { openMap } from './map.js';
import { predictor } from './predictor.js';
import { rowForm } from './row_form.js';

const FIELDS = 24;

/** Open the form of a model. It begins with the first row of the model's dataset, if that exists. */
export function openTry(model) {
  const fields = fieldsOf(model);
  const state = {
    model,
    fields,
    row: signal(middleRow(fields)),
    source: signal({ number: null, rows: null, truth: undefined, remark: null }),
    most: signal(FIELDS),
    least: signal(null),
    predictor: predictor(model.id),
  };
  const options = () => ({ min_probability: state.least.peek() });
  state.change = (row) => { state.row.value = row; state.predictor.ask(row, options()); state.curve?.ask(row); };
  state.setLeast = (value) => { state.least.value = value; state.predictor.ask(state.row.peek(), options()); state.map.setLeast(value); };
  state.curve = openCurve(model, fields);
  state.map = openMap(model, fields, state);
  state.change(state.row.peek());
  loadRow(state, 0);
  return { render: () => view(state), close: () => [state.predictor, state.map, state.curve].forEach((part) => part.close()) };
}

async function loadRow(state, index) {
  const { dataset_id: dataset } = state.model.lineage;
  if (dataset === null) {
    state.source.value = { ...state.source.peek(), remark: 'An imported model has no table: the fields begin in the middle of the training rows.' };
    return;
  }
  try {
    const page = await get(`/v1/datasets/${dataset}/rows?offset=${index}&limit=1`);
    if (page.data.length) takeRow(state, page.data[0], index, page.rows);
  } catch (error) {
    const remark = error.status === 404 ? 'The table was deleted: the fields begin in the middle of the training rows.' : error.message;
    state.source.value = { ...state.source.peek(), remark };
  }
}

function takeRow(state, found, index, rows) {
  const row = Object.fromEntries(state.fields.map(({ name }) => [name, found[name] ?? null]));
  batch(() => {
    state.source.value = { number: index, rows, truth: truthOf(state.model, found), remark: null };
    state.change(row);
  });
}

function truthOf({ spec: { target } }, row) {
  if (target === null) return undefined;
  return Array.isArray(target) ? Object.fromEntries(target.map((name) => [name, row[name] ?? null])) : row[target];
}

function view(state) {
  const { predictor: asked, model, source, row } = state;
  const answer = asked.answer;
  const errors = fieldErrors(asked.problem);
  const setValue = (name, value) => batch(() => {
    // A changed row is not the table's any more.
    source.value = { ...source.peek(), truth: undefined };
    state.change({ ...row.peek(), [name]: value });
  });
  const form = html`<div class="card">${rowPicker(state)}
    ${rowForm({ fields: state.fields, most: state.most.value, showMore: () => { state.most.value = state.fields.length; },
    row: row.value, setValue, flags: answer?.prediction.flags ?? [], errors })}</div>`;
  const result = html`${asked.problem && errors.size === 0 ? problemView(asked.problem, { retry: () => state.change(row.peek()) }) : nothing}
    ${answer ? answerCard(answer, model, source.value.truth, answer.row !== row.value) : html`<p class="loading">Predicting…</p>`}
    ${leastField(state, answer)}`;
  return html`<section aria-label="Try a row"><h2>Try a row</h2><div class="halves">${state.map.isDrawn
    ? html`<div class="stack">${form}${result}</div><div class="stack beside">${state.map.render()}</div>`
    : html`<div class="stack">${form}</div><div class="stack beside">${result}${state.curve.render(row.value)}</div>`}</div></section>`;
}

function rowPicker(state) {
  const { number, rows, remark } = state.source.value;
  if (remark !== null) return html`<p class="small muted">${remark}</p>`;
  if (number === null) return nothing;
  const load = (index) => loadRow(state, Math.min(Math.max(0, index), rows - 1));
  return html`<div class="row picker">
    <button type="button" class="button small" ?disabled=${number === 0} @click=${() => load(number - 1)}>Previous row</button>
    <label class="row small muted">row <input class="row-number" type="number" aria-label="row of the table" min="0" max=${rows - 1} .value=${String(number)}
      @change=${(event) => load(Math.round(Number(event.target.value)) || 0)}> of ${count(rows)}</label>
    <button type="button" class="button small" ?disabled=${number === rows - 1} @click=${() => load(number + 1)}>Next row</button></div>`;
}

function leastField(state, answer) {
  const prediction = answer?.prediction;
  if (!prediction?.probabilities) return nothing;
  const set = (event) => {
    const value = Number(event.target.value);
    state.setLeast(event.target.value !== '' && value >= 0 && value <= 1 ? value : null);
  };
  return html`<div class="field least"><label for="least">Withhold labels with a probability below</label>
    <input id="least" type="number" min="0" max="1" step="0.01" placeholder="never" @change=${set}></div>`;
}

/** Errors of a problem by column: pointers such as `/rows/0/area`. */
function fieldErrors(problem) {
  const found = new Map();
  for (const { pointer, detail } of problem?.errors ?? []) {
    const [, root, , name] = pointer?.split('/') ?? [];
    if (root === 'rows' && name !== undefined) found.set(name.replaceAll('~1', '/').replaceAll('~0', '~'), detail);
  }
  return found;
}
