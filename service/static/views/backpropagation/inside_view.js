/** Templates of the view of one job. */
import { html, live, nothing } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { href } from '../../core/router.js';
import { figure } from '../../diagram/figure.js';
import { jobName } from '../../parts/job_name.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { statusChip } from '../../parts/status.js';
import { findingsView } from './findings.js';
import { gradientCheck } from './gradient_check.js';
import { insideJob } from './inside.js';
import { rowChoice } from './own_row.js';
import { moreSections } from './sections.js';
import { batchNotice, failureView, goneNotice, originLine, unreadNotice, waitLine } from './states.js';
import { hasFolds } from './steps.js';
import { whatIf } from './what_if.js';

/** View of one job. */
export function insideView(id) {
  const inside = insideJob(id);
  const check = gradientCheck(inside);
  const changed = whatIf(inside);
  const rows = rowChoice(inside);
  const more = moreSections(inside);
  const drawn = figure({
    id: 'inside',
    source: () => inside.source.value,
    clock: () => inside.clock.value,
    setClock: inside.setClock,
    check: check.run,
    minus: more.minus,
    foot: () => html`${unreadNotice(inside)}${batchNotice(inside)}${originLine(shownAnswers(inside))}${rows.render()}`,
  });
  const retry = () => { inside.forget(); drawn.reload(); };
  return {
    title: () => `Inside ${inside.job.value ? jobName(inside.job.value) : 'a job'}`,
    render: () => html`${head(inside, check, more.menu(drawn.network()))}${
      body({ inside, drawn, retry, changed, rows, more })}`,
    close: () => { drawn.close(); check.close(); changed.close(); inside.close(); },
  };
}

function head(inside, check, menu) {
  const job = inside.job.value;
  const name = job ? jobName(job) : inside.id;
  return html`<div class="head">
    <div>
      <nav class="crumbs" aria-label="Breadcrumbs"><a href=${href('jobs')}>Jobs</a><span aria-hidden="true">/</span>
        <a class="cut" href=${href('jobs', inside.id)}>${name}</a><span aria-hidden="true">/</span>
        <span aria-current="page">Backpropagation</span></nav>
      <h1>Inside ${name}</h1>
      ${job ? html`<p class="row small">${statusChip(job.status)}
        <a href=${href('jobs', job.id)}>Job</a>
        ${job.model_id ? html`<a href=${href('models', job.model_id)}>Model</a>` : nothing}
        ${foldField(inside)}</p>` : nothing}
    </div>
    ${inside.training.value ? html`<div class="row badges">${newestChip(inside)}${
      canCheck(inside) ? check.render() : nothing}${menu}</div>` : nothing}
  </div>`;
}

const canCheck = ({ training, ownRow }) => !training.value.hasOnlyMarks || ownRow.value !== null;

const newestChip = ({ newest, showNewest }) => (newest.value === 0 ? nothing
  : html`<button type="button" class="chip live" @click=${showNewest}>${count(newest.value)} newer ${
    newest.value === 1 ? 'step' : 'steps'}</button>`);

/** Choice of the network: that of a fold, or the final one. */
function foldField({ training, clock, setClock }) {
  const job = training.value?.job;
  if (!job || !hasFolds(job)) return nothing;
  const { fold } = clock.value;
  const choose = ({ target }) => setClock({ fold: target.value === '' ? null : Number(target.value), step: 0, row: null });
  return html`<label class="row">Network <select class="quiet" .value=${live(String(fold ?? ''))} @change=${choose}>
    <option value="" ?selected=${fold === null}>final</option>
    ${Array.from({ length: job.progress.folds }, (_, index) => html`
      <option value=${index} ?selected=${index === fold}>fold ${count(index + 1)} of ${count(job.progress.folds)}</option>`)}
  </select></label>`;
}

function body({ inside, drawn, retry, changed, rows, more }) {
  const { loaded, training } = inside;
  if (!training.value) {
    return html`${loadingLine(loaded, 'Reading the job…')}
      ${loaded.problem ? problemView(loaded.problem, { retry: () => loaded.reload() }) : nothing}`;
  }
  return html`<div class="inside">
      ${training.value.hasOnlyMarks ? goneNotice(inside) : nothing}
      ${waitLine(inside.wait.value)}
      ${drawing(inside, drawn, retry)}
      ${hasNoFigure(inside) ? rows.render() : nothing}
    </div>
    ${changed.render()}
    ${more.render()}
    ${findingsView(inside)}`;
}

/** Answers of the step that the clock names; null while it is loaded. */
const shownAnswers = ({ answers, clock, failure }) => (
  failure.value === null && answers.value?.step === clock.value.step ? answers.value : null);

/** Whether no figure is there or expected, which has the choice of rows at its foot: what is typed would not move there. */
const hasNoFigure = ({ answers, failure, ownRow, training }) => failure.value !== null
  || (answers.value === null && training.value.hasOnlyMarks && ownRow.value === null);

function drawing(inside, drawn, retry) {
  if (inside.source.value === null) return nothing;
  const problem = inside.failure.value;
  return problem ? failureView(problem, inside, retry) : drawn.render();
}
