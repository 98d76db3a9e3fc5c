/** Decisions that a training on the table would make by itself, with fixes that go into the new job. */
import { post } from '../../core/api.js';
import { html, live, nothing, repeat } from '../../core/dom.js';
import { applyPatch } from '../../core/json_patch.js';
import { resource } from '../../core/resource.js';
import { signal } from '../../core/state.js';
import { icon } from '../../parts/icons.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { plural, sentence } from './reading.js';

const ICONS = { error: 'fail', warning: 'warn', info: 'info' };
const MOST_TARGETS = 1000;

/**
 * Findings of a job that predicts the chosen column.
 * @param {string} datasetId
 * @returns {{render: (dataset: object) => any, params: () => object, close: () => void}} `params`
 *   are those of the new job's address
 */
export function openFindings(datasetId) {
  const request = signal(null);
  let answer = null;

  function ask(next) {
    const load = (abort) => post('/v1/jobs/validate', { dataset_id: datasetId, ...next }, { signal: abort });
    if (answer === null) answer = resource(load);
    else answer.reload(load);
    request.value = next;
  }

  function fix({ patch }) {
    ask(applyPatch(request.peek(), patch));
  }

  function render(dataset) {
    const { target } = request.value ?? {};
    return html`<section class="card findings" aria-label="A training on this table">
      <div class="row"><h2 class="h3"><label for="target">A training on this table predicts</label></h2>
        <select id="target" @change=${(event) => ask({ target: event.target.value })}>
          <option value="" disabled .selected=${live(target === undefined)}>choose a column</option>
          ${dataset.columns.slice(0, MOST_TARGETS).map(({ name }) => html`
            <option value=${name} .selected=${live(name === target)}>${name}</option>`)}
        </select></div>
      ${answer === null ? nothing : found(answer, fix)}</section>`;
  }

  return { render, params: () => asParams(request.value), close: () => answer?.close() };
}

function asParams(request) {
  if (request === null) return {};
  const { target, ...others } = request;
  return { target, spec: Object.keys(others).length ? JSON.stringify(request) : null };
}

function found(answer, fix) {
  return html`${loadingLine(answer, 'Looking at the columns…')}
    ${answer.problem ? problemView(answer.problem, { retry: () => answer.reload() }) : nothing}
    ${answer.value && !answer.problem ? html`<p class="small muted" role="status">${answer.value.findings.length
      ? `${plural(answer.value.findings.length, 'finding')}. Fixes go into the new job.` : 'No findings.'}</p>
      <ul>${repeat(answer.value.findings, ({ code, pointer }) => `${code} ${pointer}`, (item) => finding(item, fix))}</ul>` : nothing}`;
}

const finding = ({ level, detail, fix, code }, apply) => html`<li class="notice">${icon(ICONS[level])}
  <p>${sentence(detail)}</p>
  <div class="row">${fix?.patch ? html`<button type="button" class="button small" title=${patchText(fix.patch)}
    @click=${() => apply(fix)}>${FIX_WORDS[code] ?? 'Apply the fix'}</button>` : nothing}</div></li>`;

const FIX_WORDS = {
  identifier: 'Use it anyway', row_number: 'Use it anyway', text_left_out: 'Hash its words', values_imputed: 'Add a flag',
  numbers_as_classes: 'Predict a number', numbers_as_quantity: 'Predict classes', constant_feature: 'Leave out',
};

const patchText = (patch) => patch.map(({ op, path, value }) => `${op} ${path} ${JSON.stringify(value) ?? ''}`).join('\n');
