/** Several jobs over each other: curves, results, and what differs in their specs. */
import { html, nothing, repeat } from '../../../core/dom.js';
import { count, duration } from '../../../core/numbers.js';
import { href } from '../../../core/router.js';
import { effect, signal, untracked } from '../../../core/state.js';
import { chart } from '../../../parts/chart.js';
import { MOST_STROKES } from '../../../parts/charts/strokes.js';
import { jobName, shortId } from '../../../parts/job_name.js';
import { problemView } from '../../../parts/problem.js';
import { statusIcon } from '../../../parts/status.js';
import { pagedTable } from '../../../parts/table.js';
import { thinnedWords } from '../../../parts/thinned.js';
import { chartsOf } from '../job/curves.js';
import { keptMetrics, metricCell, metricWords, capital } from '../metrics.js';
import { differences } from './differences.js';
import { comparedJob } from './state.js';

/** Open a comparison of the jobs that `readIds` names, which may change. */
export function comparison(readIds) {
  const open = new Map();
  const charts = new Map();
  const entries = signal([]);
  const shown = signal([]);
  const jobs = () => entries.value.filter(({ state }) => state.value !== null);

  const stopIds = effect(() => {
    const ids = readIds().slice(0, MOST_STROKES);
    untracked(() => {
      for (const [id, entry] of open) if (!ids.includes(id)) { entry.close(); open.delete(id); }
      for (const id of ids) if (!open.has(id)) open.set(id, comparedJob(id));
    });
    entries.value = ids.map((id) => open.get(id));
  });
  const stopCharts = effect(() => {
    const wanted = quantities(jobs());
    untracked(() => wanted.forEach((one) => {
      if (!charts.has(one.key)) charts.set(one.key, chart(() => optionsOf(one, jobs())));
    }));
    if (wanted.map(({ key }) => key).join() !== shown.peek().join()) shown.value = wanted.map(({ key }) => key);
  });
  return {
    render: () => comparisonView({ ids: readIds(), entries: entries.value, jobs: jobs(), charts, shown: shown.value }),
    close() {
      stopIds();
      stopCharts();
      open.forEach((entry) => entry.close());
      charts.forEach((one) => one.close());
    },
  };
}

/** Columns that at least one of the jobs has: a chart each. */
function quantities(jobs) {
  const names = [...new Set(jobs.flatMap(({ losses }) => Object.keys(losses.columns.value)))];
  const listed = chartsOf(names, jobs[0]?.state.peek() ?? null).filter(({ key }) => !key.includes('.'));
  return listed.flatMap(({ label, lines, canBeLog }) => lines.filter(({ name }) => ['training', 'validation', 'rate', 'norm'].includes(name))
    .map(({ name, column }) => ({
      key: column,
      column,
      canBeLog,
      label: ['training', 'validation'].includes(name) ? `${capital(name)} ${lowered(label)}` : label,
    }))).filter(({ column }) => names.includes(column));
}

const lowered = (label) => (/^[A-Z][a-z]/.test(label) ? label.charAt(0).toLowerCase() + label.slice(1) : label);

function optionsOf({ label, column, canBeLog }, jobs) {
  const epochs = allEpochs(jobs.map(({ losses }) => losses.columns.value.epoch));
  const names = labels(jobs.map(({ state }) => state.value));
  return {
    label,
    canBeLog,
    x: { name: 'epoch', values: epochs, isWhole: true },
    series: jobs.map(({ losses }, index) => ({ name: names[index], style: index, values: aligned(losses.columns.value, column, epochs) })),
  };
}

/** The epochs that any of the jobs has: those of long trainings are thinned. */
const allEpochs = (lists) => [...new Set(lists.flat())].sort((one, other) => one - other);

/** Values at these epochs; undefined where the job is thinned, null after its last epoch. */
function aligned(columns, column, epochs) {
  const { epoch, [column]: values = [] } = columns;
  const last = epoch.at(-1) ?? -1;
  const byEpoch = new Map(epoch.map((one, index) => [one, values[index] ?? null]));
  return epochs.map((one) => (byEpoch.has(one) ? byEpoch.get(one) : one > last ? null : undefined));
}

/** Names of jobs, with the end of the id where two have the same. */
function labels(jobs) {
  const names = jobs.map(jobName);
  return names.map((name, index) => (
    names.filter((one) => one === name).length > 1 ? `${name} ${jobs[index].id.slice(-4)}` : name));
}

function comparisonView({ ids, entries, jobs, charts, shown }) {
  const unknown = entries.filter(({ isUnknown }) => isUnknown.value);
  const failed = entries.filter(({ problem }) => problem.value !== null);
  const waiting = entries.length - jobs.length - unknown.length - failed.length;
  return html`<section class="stack" aria-label="Comparison"><h1>Compared jobs</h1>
    ${ids.length > MOST_STROKES ? html`<p>${MOST_STROKES} of ${count(ids.length)} jobs are compared.</p>` : nothing}
    ${unknown.map(({ id }) => html`<p class="error">There is no job <span class="mono">${id}</span>.</p>`)}
    ${failed.map(({ problem }) => problemView(problem.value))}
    ${waiting ? html`<p class="loading" role="status">Reading ${count(waiting)} jobs…</p>` : nothing}
    ${ids.length === 0 ? html`<p class="muted">Choose jobs in the list: their curves are drawn over each other here.</p>` : nothing}
    ${jobs.length ? html`<div class="halves">${repeat(shown, (key) => key, (key) => charts.get(key).render())}</div>
      ${thinnedNotes(jobs)}${resultsTable(jobs)}${specTable(jobs)}` : nothing}
  </section>`;
}

function thinnedNotes(jobs) {
  const names = labels(jobs.map(({ state }) => state.value));
  return jobs.map(({ losses }, index) => ({ name: names[index], words: thinnedWords(losses.columns.value.epoch) }))
    .filter(({ words }) => words)
    .map(({ name, words }) => html`<p class="small muted">${name}: ${lowered(words)}</p>`);
}

function resultsTable(entries) {
  const jobs = entries.map(({ state }) => state.value);
  const kept = jobs.map((job) => keptMetrics(job) ?? {});
  const names = [...new Set(kept.flatMap((metrics) => Object.keys(metrics)))]
    .filter((name) => name !== 'epoch' && kept.some((metrics) => typeof metrics[name] === 'number'));
  const rows = [
    { key: 'status', cells: ['Status', ...jobs.map((job) => html`${statusIcon(job.status)} ${job.status}`)] },
    { key: 'epochs', cells: ['Epochs', ...jobs.map((job) => count(job.progress.epoch))] },
    { key: 'time', cells: ['Training time', ...jobs.map((job) => duration(job.timings.training))] },
    ...names.map((name) => ({ key: name, cells: [capital(metricWords(name.startsWith('validation_') ? name : `training_${name}`)), ...kept.map((metrics) => metricCell(metrics[name]))] })),
  ];
  return html`<section class="stack"><h2 class="h3">Results</h2>
    ${pagedTable({ key: 'compared results', caption: 'Results', head: headOf('Result', jobs), rows })}</section>`;
}

function specTable(entries) {
  const jobs = entries.map(({ state }) => state.value);
  const found = differences(jobs.map(({ spec }) => spec));
  const rows = found.map(({ path, values }) => ({
    key: path, cells: [html`<code>${path}</code>`, ...values.map((value) => (value === null ? '–' : html`<span class="cut value" title=${value}>${value}</span>`))],
  }));
  return html`<section class="stack"><h2 class="h3">Differing settings</h2>${jobs.length < 2
    ? html`<p class="muted">Choose a second job.</p>` : found.length
      ? pagedTable({ key: 'compared specs', caption: 'Differing settings', head: headOf('Setting', jobs), rows })
      : html`<p class="muted">The resolved specs are equal.</p>`}</section>`;
}

const headOf = (first, jobs) => [{ text: first }, ...labels(jobs).map((name, index) => ({
  text: html`<a href=${href('jobs', jobs[index].id)} title="${name}, ${shortId(jobs[index].id)}">${name}</a>`, isNumber: true }))];
