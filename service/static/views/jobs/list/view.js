/** The list of jobs: filters, states, and the choice of jobs to compare. */
import { html, nothing, repeat } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { go, href, isId, route } from '../../../core/router.js';
import { problemView } from '../../../parts/problem.js';
import { segmented } from '../../../parts/segmented.js';
import { statusIcon } from '../../../parts/status.js';
import { mainMetric, metricText, metricWords } from '../metrics.js';
import { nameOf, plural, shortId, stateLine } from '../words.js';

const SHOWN = [{ value: 'all', text: 'All' }, { value: 'live', text: 'Live' }, { value: 'failed', text: 'Failed' }];
const MOST_COMPARED = 8;

/** Filter that the address holds. */
export function filterOf({ params }) {
  const show = SHOWN.some(({ value }) => value === params.show) ? params.show : 'all';
  return { show, name: params.name ?? '', dataset: params.dataset ?? '' };
}

/** Ids that the address compares, or null if it compares nothing. */
export const comparedIds = ({ params }) => (
  params.compare === undefined ? null : [...new Set(params.compare.split(',').filter(isId))]);

/**
 * @param {ReturnType<typeof import('./state.js').jobList>} list
 * @param {{currentId: string|null, isMain: boolean}} options `isMain`: no job is shown beside it
 */
export function listView(list, { currentId, isMain }) {
  const compared = comparedIds(route.value);
  return html`<div class="jobs stack">
    <div class="head">${isMain ? html`<h1>Jobs</h1>` : html`<h2>Jobs</h2>`}
      <div class="row">${compareSwitch(compared, list)}<a class="button small" href=${href('new-job')}>New job</a></div></div>
    ${filters(list)}
    ${list.problem.value ? problemView(list.problem.value, { retry: list.load }) : nothing}
    ${newerButton(list)}${entries(list, currentId, compared)}${moreButton(list)}
  </div>`;
}

function change(params) {
  const { id, params: present } = route.peek();
  go('jobs', id, { ...present, ...params }, { replace: true });
}

function filters(list) {
  const { show, name, dataset } = filterOf(route.value);
  return html`<div class="row">
      ${segmented({ label: 'Show', options: SHOWN, value: show, change: (value) => change({ show: value === 'all' ? null : value }) })}
      <span class="small muted" role="status">${countText(list)}</span></div>
    <form class="row" @submit=${(event) => { event.preventDefault(); change({ name: event.target.elements.name.value || null }); }}>
      <label class="name-filter"><span class="small muted">Name</span><input name="name" .value=${name}
        type="search" autocomplete="off" maxlength="256" @change=${(event) => change({ name: event.target.value || null })}></label></form>
    ${dataset ? html`<p class="row"><span class="chip">table <span class="mono">${shortId(dataset)}</span></span>
      <button type="button" class="button small" @click=${() => change({ dataset: null })}>All tables</button></p>` : nothing}`;
}

function countText({ jobs, next }) {
  if (jobs.value === null) return '';
  const { length } = jobs.value;
  const text = `${count(length)} ${plural(length, 'job')}`;
  return next.value === null ? text : `the newest ${text}, more exist`;
}

const newerButton = ({ newer, showNewer }) => (newer.value.length ? html`
  <button type="button" class="button small" @click=${showNewer}>Show ${count(newer.value.length)} newer ${
    plural(newer.value.length, 'job')}</button>` : nothing);

const moreButton = ({ next, more }) => (next.value === null ? nothing : html`
  <button type="button" class="button" @click=${more}>Show more</button>`);

function entries({ jobs }, currentId, compared) {
  if (jobs.value === null) return html`<p class="loading">Reading the jobs…</p>`;
  if (jobs.value.length === 0) return emptyList();
  const byId = (job) => job.id;
  return compared === null
    ? html`<nav class="job-list" aria-label="Jobs">${repeat(jobs.value, byId, (job) => link(job, currentId))}</nav>`
    : html`<fieldset class="job-list"><legend class="small muted">Choose up to ${MOST_COMPARED} jobs to compare.</legend>${
      repeat(jobs.value, byId, (job) => choice(job, compared))}</fieldset>`;
}

function emptyList() {
  const { show, name, dataset } = filterOf(route.value);
  const isFiltered = show !== 'all' || name || dataset;
  return isFiltered
    ? html`<div class="empty"><p>No job matches${name ? html` the name <strong>${name}</strong>` : nothing}. Names are compared
        as a whole.</p><button type="button" class="button"
        @click=${() => change({ show: null, name: null, dataset: null })}>Show all jobs</button></div>`
    : html`<div class="empty"><p>No jobs yet. Train one on a table.</p>
        <a class="button main" href=${href('datasets')}>Upload a table</a></div>`;
}

const link = (job, currentId) => html`<a href=${href('jobs', job.id, kept())}
  aria-current=${job.id === currentId ? 'true' : nothing}>${statusIcon(job.status)}${lines(job)}</a>`;

const kept = () => {
  const { show, name, dataset } = route.value.params;
  return { show, name, dataset };
};

function choice(job, compared) {
  const isChosen = compared.includes(job.id);
  const isFull = compared.length >= MOST_COMPARED;
  const toggle = () => change({
    compare: (isChosen ? compared.filter((id) => id !== job.id) : [...compared, job.id]).join(',') });
  return html`<label><input type="checkbox" .checked=${isChosen} ?disabled=${isFull && !isChosen} @change=${toggle}>${lines(job)}</label>`;
}

function lines(job) {
  const metric = mainMetric(job);
  const name = nameOf(job);
  return html`<span class="cut" title=${name}>${name}</span>
    <span class="number">${metric === null ? nothing : metricText(metric.name, metric.value)}</span>
    <span class="small state-line">${stateLine(job)}</span>
    <span class="small number metric-name">${metric === null ? nothing : metricWords(metric.name)}</span>`;
}

function compareSwitch(compared, { jobs }) {
  if (compared === null && (jobs.value?.length ?? 0) < 2) return nothing;
  const id = route.value.id;
  return html`<button type="button" class="button small" aria-pressed=${compared === null ? 'false' : 'true'}
    @click=${() => (compared === null ? go('jobs', null, { ...kept(), compare: id ?? '' }) : go('jobs', null, kept()))}
    >Compare</button>`;
}
