/** Predictions for the rows of a file, as CSV. */
import { send } from '../../core/api.js';
import { html, nothing } from '../../core/dom.js';
import { download } from '../../core/download.js';
import { bytes, count, long } from '../../core/numbers.js';
import { signal } from '../../core/state.js';
import { fileButton } from '../../parts/file_button.js';
import { problemView } from '../../parts/problem.js';
import { columnProblem, columnsAtFault } from './column_problem.js';
import { parseCsv } from './csv.js';

const SHOWN_ROWS = 10;
const SHOWN_COLUMNS = 50;
const TYPES = {
  csv: 'text/csv', tsv: 'text/tab-separated-values', tab: 'text/tab-separated-values', jsonl: 'application/x-ndjson',
  ndjson: 'application/x-ndjson', json: 'application/json', parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.file', feather: 'application/vnd.apache.arrow.file', npy: 'application/x-npy', npz: 'application/x-npz',
  gz: 'application/gzip', zst: 'application/zstd',
};

/** Open the prediction of files. */
export function openFilePrediction(model) {
  const state = signal(null);
  let abort = new AbortController();

  async function predictFile(file, options = {}) {
    abort.abort();
    abort = new AbortController();
    const current = abort.signal;
    state.value = { file, options, text: null, problem: null };
    try {
      const headers = { 'Content-Type': typeOf(file.name), Accept: 'text/csv' };
      const query = Object.keys(options).length ? `?${new URLSearchParams(options)}` : '';
      const path = `/v1/models/${encodeURIComponent(model.id)}/predict${query}`;
      const { data } = await send('POST', path, { body: file, headers, signal: current });
      if (!current.aborted) state.value = { file, options, text: data, problem: null };
    } catch (problem) {
      if (!current.aborted) state.value = { file, options, text: null, problem };
    }
  }

  const needed = model.preprocessing.columns.map(({ name }) => name);
  const again = (more = {}) => predictFile(state.peek().file, { ...state.peek().options, ...more });
  const dismiss = () => { abort.abort(); state.value = null; };
  return {
    button: () => fileButton({ text: 'Predict a file', choose: predictFile, isMain: true }),
    render: () => (state.value ? view(state.value, { needed, again, dismiss }) : nothing),
    close: () => abort.abort(),
  };
}

const typeOf = (name) => TYPES[name.split('.').at(-1).toLowerCase()] ?? 'application/octet-stream';

function view({ file, text, problem }, { needed, again, dismiss }) {
  const fault = columnsAtFault(problem, needed);
  const save = () => download(resultName(file.name), text, 'text/csv');
  return html`<section class="card" aria-label="Predictions of a file"><div class="row">
      <h2 class="h3 cut grow" title=${file.name}>Predictions of <bdi>${file.name}</bdi></h2>
      ${text === null ? nothing : html`<button type="button" class="button" @click=${save}>Download the predictions</button>`}
      <button type="button" class="button quiet" @click=${dismiss}>Close</button></div>
    ${fault ? columnProblem(fault, needed, again) : problem ? problemView(problem, { retry: () => again() }) : nothing}
    ${text === null ? html`<p class="loading" role="status">${problem ? nothing : `Predicting ${bytes(file.size)}…`}</p>`
    : firstRows(text)}</section>`;
}

const resultName = (name) => `${name.replace(/\.[^.]*$/, '')}-predictions.csv`;

function firstRows(text) {
  const [head, ...rows] = parseCsv(text);
  const shown = rows.slice(0, SHOWN_ROWS);
  const columns = head.slice(0, SHOWN_COLUMNS);
  return html`<p class="small muted" role="status">${count(shown.length)} of ${count(rows.length)} predictions${
    columns.length < head.length ? `, ${count(columns.length)} of ${count(head.length)} columns` : ''}.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="First predictions"><table class="cells">
      <caption class="hidden">First predictions</caption><thead><tr><th scope="col" class="number">row</th>${columns.map((name) => html`<th scope="col" title=${name}>${name}</th>`)}</tr></thead>
      <tbody>${shown.map((row, index) => html`<tr><th scope="row" class="number faint">${count(index)}</th>
        ${columns.map((_, at) => html`<td title=${row[at]}>${shortCell(row[at])}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** Six digits of a number with a fraction; the title and the download have all. */
const shortCell = (text) => (/^-?\d+\.\d+(e[-+]?\d+)?$/i.test(text) ? long(Number(text)) : text);
