/** New job: a request as a form and as JSON, validated while it is written. */
import { html, nothing } from '../../core/dom.js';
import { connection } from '../../core/api.js';
import { count } from '../../core/numbers.js';
import { resource } from '../../core/resource.js';
import { go, href, route } from '../../core/router.js';
import { effect, signal, untracked } from '../../core/state.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { checksCard } from './checks.js';
import { change, undo } from './draft.js';
import { findingsCard } from './findings.js';
import { groupList, requestFields, trainingCard } from './groups.js';
import { jsonPanel } from './json_panel.js';
import { readDatasets, readSchema } from './loading.js';
import { networkSection } from './network.js';
import { patched } from './pointers.js';
import { COLUMN_LIST, DATASET_LIST, keyOfAddress, openSession } from './session.js';
import { sizeCard } from './size_card.js';
import { topFields } from './target_fields.js';

/** Open the view. `#/new-job?dataset=ds_…` begins with a table, `?from=job_…` with a job. */
export function open() {
  const schema = resource(readSchema);
  const datasets = resource(readDatasets);
  const session = signal(null);
  const stop = effect(() => {
    const { view, params } = route.value;
    const document = schema.value;
    if (view !== 'new-job' || !document) return;
    untracked(() => {
      if (session.peek()?.key === keyOfAddress(params)) return;
      session.peek()?.close();
      session.value = openSession(params, document);
    });
  });
  const title = () => {
    const dataset = session.value?.table.dataset.value;
    return dataset ? `New job on ${dataset.name || dataset.id}` : 'New job';
  };
  return {
    title,
    render: () => page({ schema, datasets, session: session.value, title: title() }),
    close: () => {
      stop();
      session.peek()?.close();
      schema.close();
      datasets.close();
    },
  };
}

function page({ schema, datasets, session, title }) {
  if (schema.problem) return html`<h1>${title}</h1>${problemView(schema.problem, { retry: () => schema.reload() })}`;
  if (!session) return html`<h1>${title}</h1>${datasets.problem ? problemView(datasets.problem, { retry: () => datasets.reload() }) : nothing}${
    loadingLine(schema, 'Reading what can be set…')}`;
  if (datasets.value?.length === 0 && !session.draft.spec.value?.dataset_id) return noTable(title);
  return html`<div class="new-job">
    <div class="head"><div>
      <p class="crumbs"><a href=${href('jobs')}>Jobs</a><span aria-hidden="true">/</span><span>New job</span></p>
      <h1>${title}</h1>${tableLine(session)}</div></div>
    <div class="form stack">${loadProblems(datasets, session)}${formOf(session, datasets.value ?? [])}</div>
    <aside class="stack" aria-label="Request">${asideOf(session)}</aside>
  </div>`;
}

const noTable = (title) => html`<h1>${title}</h1><div class="empty"><p>No table yet. A network is trained on one.</p>
  <p><a class="button main" href=${href('datasets')}>Upload a table</a></p></div>`;

function tableLine({ table, begin, draft, key }) {
  const dataset = table.dataset.value;
  return html`<p class="row muted">${dataset ? html`<a href=${href('datasets', dataset.id)}>${count(dataset.rows)} rows, ${
    count(dataset.column_count)} columns</a>` : nothing}
    ${key !== 'none' && Object.keys(draft.spec.value ?? {}).length ? html`<button type="button" class="button quiet small"
      @click=${begin}>Start over</button>` : nothing}</p>`;
}

function loadProblems(datasets, { problem, table, begin }) {
  const found = problem.value ?? table.problem.value ?? datasets.problem;
  const retry = problem.value ? begin : () => { table.reload(); datasets.reload(); };
  return found ? problemView(found, { retry }) : nothing;
}

function formOf(session, datasets) {
  const { form, table, chooseDataset } = session;
  const fields = requestFields(form.document);
  const choose = (id) => {
    chooseDataset(id);
    go('new-job', null, { dataset: id }, { replace: true });
  };
  return html`${topFields(form, fields, { datasets, dataset: table.dataset.value, chooseDataset: choose })}
    ${networkSection(session)}
    <h2>Training</h2>
    ${trainingCard(form, fields)}
    ${groupList(form, fields)}
    <datalist id=${COLUMN_LIST}>${form.columns().map((name) => html`<option value=${name}></option>`)}</datalist>
    <datalist id=${DATASET_LIST}>${datasets.map((one) => html`<option value=${one.id}>${one.name}</option>`)}</datalist>`;
}

function asideOf(session) {
  const { draft, checking, form, checks, panel, focus } = session;
  return html`${startButtons(session)}
    ${sizeCard(form)}
    ${findingsCard({ checking, fault: draft.fault.value, isReady: Boolean(draft.spec.value?.dataset_id), focus,
      applyFix: ({ fix }, text) => change(draft, (spec) => patched(spec, fix.patch), `${text}: done.`) })}
    ${checksCard(checks, draft.spec.value)}
    ${undoLine(draft)}
    ${jsonPanel(form, panel)}`;
}

const undoLine = (draft) => html`<div role="status">${draft.undo.value ? html`<p class="row small">${draft.undo.value.sentence}
  <button type="button" class="button small" @click=${() => undo(draft)}>Undo</button></p>` : nothing}</div>`;

function startButtons({ draft, checks, start, focus }) {
  const { isSending, problem } = start.state.value;
  const check = () => (draft.fault.peek() ? focus('') : checks.run(draft.spec.peek()));
  return html`<div class="start"><div class="row">
      <button type="button" class="button" @click=${check}>Check before training</button>
      <button type="button" class="button main" @click=${start.start}>Start training</button></div>
    <div role="status">${isSending ? html`<p class="small muted">Sending…</p>`
      : connection.value.isOnline ? nothing : html`<p class="small muted">Nothing can be sent until the connection is back.</p>`}</div>
    ${problem ? problemView(problem, { retry: start.start }) : nothing}</div>`;
}
