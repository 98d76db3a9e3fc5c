/** Stored states of a job that can be looked at without a replay. */
import { html } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { pagedTable } from '../../../parts/table.js';
import { mainMetric, metricText, metricWords, capital } from '../metrics.js';
import { stepHref } from './links.js';

/** Table of the checkpoints, each with its place in the diagram. */
export function checkpointTable(job, checkpoints) {
  return html`<section class="stack"><h2 class="h3">Checkpoints</h2>${
    checkpoints === null ? html`<p class="muted">later</p>`
      : checkpoints.length ? table(job, checkpoints) : noCheckpoints(job)}</section>`;
}

const noCheckpoints = (job) => html`<p class="muted">No state is stored${job.is_terminal
  ? ': short trainings keep none. Every step is replayed from the start.' : ' yet.'}</p>`;

function table(job, checkpoints) {
  const metric = mainMetric({ ...job, is_terminal: false, metrics: { latest: checkpoints.at(-1).metrics } });
  const rows = checkpoints.map((checkpoint) => ({
    key: `${checkpoint.steps}`,
    cells: [
      count(checkpoint.steps), count(checkpoint.epoch),
      ...(metric ? [metricText(metric.name, checkpoint.metrics[metric.name])] : []),
      html`<a href=${stepHref(job, checkpoint.steps)}>Look inside<span class="hidden"> after step ${count(checkpoint.steps)}</span></a>`,
    ],
  }));
  const head = [
    { text: 'After step' }, { text: 'Epochs', isNumber: true },
    ...(metric ? [{ text: capital(metricWords(metric.name)), isNumber: true }] : []),
    { text: html`<span class="hidden">Diagram</span>`, isNumber: true },
  ];
  return pagedTable({ key: `checkpoints: ${job.id}`, caption: 'Checkpoints', head, rows });
}
