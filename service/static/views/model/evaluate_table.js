/** Answers for the rows of a table, counted: a confusion matrix, or predicted by true values. */
import { get } from '../../core/api.js';
import { html, nothing, repeat } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { resource } from '../../core/resource.js';
import { signal } from '../../core/state.js';
import { problemView } from '../../parts/problem.js';
import { confusionTable } from './confusion.js';
import { predict } from './predictor.js';
import { scatter } from './scatter.js';
import { openWidth } from './width.js';

const MOST_ROWS = 2000;
const PAGE = 500;
const TABLES = 200;
const NONE = { render: () => nothing, close: () => {} };

/** Open the evaluation on a table, for models with a single target. */
export function openTableEvaluation(model) {
  const { target, task } = model.spec;
  if (typeof target !== 'string' || !['classification', 'regression'].includes(task)) return NONE;
  const tables = resource((abort) => get(`/v1/datasets?limit=${TABLES}`, { signal: abort }));
  const chosen = signal(model.lineage.dataset_id);
  const state = signal({ isRunning: false, done: 0, pairs: null, problem: null, dataset: null });
  const width = openWidth(560);
  let abort = new AbortController();
  const set = (changes) => { state.value = { ...state.peek(), ...changes }; };

  async function evaluate() {
    abort.abort();
    abort = new AbortController();
    const current = abort.signal;
    set({ isRunning: true, done: 0, pairs: null, problem: null });
    try {
      const id = chosen.peek() ?? tables.value.data[0].id;
      const pairs = await readPairs(model, id, (done) => current.aborted || set({ done }), current);
      if (!current.aborted) set({ isRunning: false, pairs });
    } catch (problem) {
      if (!current.aborted) set({ isRunning: false, problem });
    }
  }

  const cancel = () => { abort.abort(); set({ isRunning: false }); };
  return {
    render: () => view({ model, tables, chosen, state: state.value, evaluate, cancel, width }),
    close: () => { abort.abort(); tables.close(); width.close(); },
  };
}

/** Pairs of the true value and the prediction of a table's first rows. */
async function readPairs(model, id, progress, abort) {
  const pairs = [];
  let [offset, rows, lacking] = [0, Infinity, 0];
  while (offset < Math.min(rows, MOST_ROWS)) {
    const page = await get(`/v1/datasets/${id}/rows?offset=${offset}&limit=${Math.min(PAGE, MOST_ROWS - offset)}`, { signal: abort });
    if (!page.data.length) break;
    rows = page.rows;
    const { data } = await predict(model.id, { rows: page.data }, { extra_columns: 'ignore', missing_columns: 'impute' }, abort);
    page.data.forEach((row, index) => {
      const truth = row[model.spec.target] ?? null;
      if (truth === null) lacking += 1;
      else pairs.push({ truth, answer: data[index].label ?? data[index].value });
    });
    offset += page.data.length;
    progress(offset);
  }
  return { pairs, lacking, read: offset, rows: Number.isFinite(rows) ? rows : 0 };
}

function view({ model, tables, chosen, state, evaluate, cancel, width }) {
  const list = tables.value?.data ?? [];
  if (!list.length) return nothing;
  return html`<section class="on-table" aria-label="Evaluation on a table"><h3><label for="evaluated">Evaluate on a table</label></h3>
    <div class="row"><select id="evaluated" class="plain-select" @change=${(event) => { chosen.value = event.target.value; }}>
        ${repeat(list, ({ id }) => id, ({ id, name, rows }) => html`
          <option value=${id} ?selected=${id === chosen.value}>${name}, ${count(rows)} rows</option>`)}</select>
      ${state.isRunning ? html`<button type="button" class="button" @click=${cancel}>Cancel</button>`
        : html`<button type="button" class="button" @click=${evaluate}>Evaluate</button>`}
      <span class="muted" role="status">${state.isRunning ? `${count(state.done)} rows predicted` : nothing}</span></div>
    ${state.problem ? problemView(state.problem, { retry: evaluate }) : nothing}
    <div ${width.observe}>${state.pairs ? result(model, state.pairs, width.value) : nothing}</div></section>`;
}

function result(model, { pairs, lacking, read, rows }, width) {
  const first = read < rows ? `The first ${count(read)} of ${count(rows)} rows.` : `All ${count(rows)} rows.`;
  const left = lacking ? ` ${count(lacking)} rows without ${model.spec.target} are left out.` : '';
  return html`<p class="small muted">${first}${left} Rows that were trained on are among them if it is the model’s own table: they cannot be
      distinguished here.</p>
    ${pairs.length === 0 ? html`<p>No row has a value of ${model.spec.target}.</p>`
      : Array.isArray(model.classes) ? classResult(model.classes, pairs) : scatter({ name: model.spec.target, pairs, width })}`;
}

function classResult(classes, pairs) {
  const index = new Map(classes.map((label, at) => [String(label), at]));
  const counts = classes.map(() => classes.map(() => 0));
  let unknown = 0;
  for (const { truth, answer } of pairs) {
    const line = counts[index.get(String(truth))];
    if (line) line[index.get(String(answer))] += 1;
    else unknown += 1;
  }
  const right = counts.reduce((sum, line, at) => sum + line[at], 0);
  const known = pairs.length - unknown;
  return html`<p><strong data-value=${right}>${count(right)} of ${count(known)}</strong> rows have the right class.${unknown
    ? ` ${count(unknown)} rows have a class that the model does not know.` : nothing}</p>
    ${confusionTable({ title: 'Confusion matrix of these rows', classes, counts })}`;
}
