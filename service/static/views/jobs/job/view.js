/** A job: what it is, how far it is, what it came to. */
import { connection } from '../../../core/api.js';
import { createRef, html, keyed, nothing, ref } from '../../../core/dom.js';
import { count, duration } from '../../../core/numbers.js';
import { href } from '../../../core/router.js';
import { clockTime, dayTime } from '../../../core/times.js';
import { jobName, shortId } from '../../../parts/job_name.js';
import { problemView } from '../../../parts/problem.js';
import { statusChip } from '../../../parts/status.js';
import { epochsWords, isLive, reasonWords } from '../words.js';
import { jobActions } from './actions.js';
import { checkpointTable } from './checkpoints.js';
import { jobCurves } from './curves.js';
import { diagnosis } from './diagnosis.js';
import { failure } from './failure.js';
import { findings } from './findings.js';
import { inputFacts } from './inputs.js';
import { foldsTable } from './folds.js';
import { eventLog } from './log.js';
import { progressBar } from './progress.js';
import { jobReplay } from './replay.js';
import { environmentDetails, specDetails } from './spec.js';
import { openJob } from './state.js';
import { stats } from './stats.js';

/** Open the view of one job. `onRead` is called with each state of it. */
export function jobView(id, onRead) {
  const state = openJob(id, onRead);
  const heading = createRef();
  const parts = {
    actions: jobActions(state), curves: jobCurves(state), replay: jobReplay(state), spec: specDetails(state),
  };
  return {
    id,
    title: () => (state.job.value ? jobName(state.job.value) : 'Job'),
    isRead: () => state.job.value !== null,
    focus: () => heading.value?.focus({ preventScroll: true }),
    /** `isMain`: the job is what the page is about, not an example beside the list. */
    render: ({ isMain }) => keyed(id, html`<article class="job stack" aria-label="Job">${
      content(state, parts, { heading, isMain })}</article>`),
    close: () => { state.close(); parts.curves.close(); parts.replay.close(); },
  };
}

function content(state, parts, title) {
  const job = state.job.value;
  const { problem } = state;
  if (job === null) {
    return problem.value ? html`<h1>Job</h1>${problemView(problem.value, { retry: state.load })}`
      : html`<p class="loading" role="status">Reading the job…</p>`;
  }
  return html`
    ${head(job, parts.actions, title)}${parts.actions.renderProblem()}
    ${problem.value ? problemView(problem.value, { retry: state.load }) : nothing}
    ${asOf(state)}${failure(job, parts.actions)}${progressBar(job)}
    ${stats(job)}${parts.curves.render()}
    <div class="halves">
      ${eventLog(state.events)}
      <div class="stack">${checkpointTable(job, state.checkpoints.value)}${diagnosis(state.diagnosis.value, job)}</div>
    </div>
    ${findings(job)}${foldsTable(job)}
    <div class="halves">${parts.replay.render()}${inputs(job, parts)}</div>`;
}

const head = (job, actions, { heading, isMain }) => html`<header class="head">
  <div><p class="crumbs"><a href=${href('jobs')}>Jobs</a><span aria-hidden="true">/</span><span class="mono" title=${job.id}>${
    shortId(job.id)}</span></p>
    ${isMain ? html`<h1 tabindex="-1" title=${jobName(job)} ${ref(heading)}>${jobName(job)}</h1>`
      : html`<h2 class="title" title=${jobName(job)}>${jobName(job)}</h2>`}
    <p class="row"><span role="status">${statusChip(job.status)}</span><span class="small muted">${facts(job)}</span></p></div>
  ${actions.render()}</header>`;

/** Facts beside the status: reason, epochs, time, attempt. */
function facts(job) {
  const trained = job.timings.training ? `trained for ${duration(job.timings.training)}` : '';
  const parts = [
    job.status === 'failed' ? '' : reasonWords(job), isLive(job) ? '' : epochsWords(job), trained,
    job.attempt > 1 ? `attempt ${count(job.attempt)}` : '', `posted ${dayTime(job.created_at)}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Time of the numbers, while no newer ones can come. */
function asOf({ readAt, job }) {
  if (connection.value.isOnline || !isLive(job.value)) return nothing;
  return html`<p class="small muted">As of ${clockTime(readAt.value)}.</p>`;
}

const inputs = (job, { spec }) => html`<section class="stack"><h2 class="h3">Inputs</h2>
  ${inputFacts(job)}${spec.render()}${environmentDetails(job)}</section>`;
