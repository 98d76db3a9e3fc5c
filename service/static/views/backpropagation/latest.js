/** Jobs to look inside, where the address names none. */
import { get } from '../../core/api.js';
import { html, nothing, repeat } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { resource } from '../../core/resource.js';
import { href } from '../../core/router.js';
import { jobName } from '../../parts/job_name.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { statusChip } from '../../parts/status.js';

const MOST = 20;

/** View of the latest jobs. */
export function latestJobs() {
  const loaded = resource((signal) => get(`/v1/jobs?limit=${MOST}`, { signal }));
  return {
    title: () => 'Backpropagation',
    render: () => html`
      <div class="head"><div><h1>Look inside a training</h1>
        <p class="lead">Every step of every job: what enters and leaves each unit, which gradient
          comes back, and what becomes of each weight.</p></div></div>
      ${loaded.problem ? problemView(loaded.problem, { retry: () => loaded.reload() }) : nothing}
      ${loadingLine(loaded, 'Reading the latest jobs…')}
      ${loaded.value ? jobList(loaded.value) : nothing}`,
    close: loaded.close,
  };
}

function jobList({ data, has_more: hasMore }) {
  if (data.length === 0) {
    return html`<div class="empty"><p>No jobs yet. Train one on a table, or look at the recorded
      example.</p><p class="row"><a class="button main" href=${href('datasets')}>Upload a table</a>
      <a class="button" href=${href('start')}>Open the example</a></p></div>`;
  }
  return html`<ul class="jobs" aria-label="Latest jobs">${repeat(data, ({ id }) => id, jobLine)}</ul>
    ${hasMore ? html`<p class="small muted">The ${count(data.length)} latest jobs.
      <a href=${href('jobs')}>All jobs</a></p>` : nothing}`;
}

const jobLine = (job) => html`<li>
  <a class="cut" href=${href('backpropagation', job.id)} title=${jobName(job)}>${jobName(job)}</a>
  ${statusChip(job.status)}
  <span class="small muted">${summary(job)}</span>
</li>`;

function summary({ progress, spec }) {
  const steps = `${count(progress.steps)} ${progress.steps === 1 ? 'step' : 'steps'}`;
  return spec?.target ? `${steps}, ${[spec.target].flat().join(', ')}` : steps;
}
