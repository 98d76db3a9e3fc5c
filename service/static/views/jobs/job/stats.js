/** The numbers that a job has come to. */
import { html, nothing } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { capital, keptMetrics, mainMetric, metricText, metricWords } from '../metrics.js';

const MOST = 5;

/** Main metric, losses, test metrics and steps. */
export function stats(job) {
  const items = [...metricItems(job), ...testItems(job)].slice(0, MOST);
  return html`<dl class="stats">${items.map(({ name, value, note }) => html`
    <div><dt>${name}</dt><dd data-value=${value.exact}>${value.text}${note ? html` <small>${note}</small>` : nothing}</dd></div>`)}
    <div><dt>Steps</dt><dd data-value=${job.progress.steps}>${count(job.progress.steps)}</dd></div></dl>`;
}

function metricItems(job) {
  const metrics = keptMetrics(job);
  if (metrics === null) return [];
  const main = mainMetric(job);
  const names = [main?.name, 'validation_loss', 'loss'].filter((name) => typeof metrics[name] === 'number');
  const isBest = metrics === job.metrics.best && metrics !== job.metrics.latest;
  return [...new Set(names)].map((name) => ({
    name: capital(metricWords(name === 'loss' ? 'training_loss' : name)),
    value: { exact: metrics[name], text: metricText(name, metrics[name]) },
    note: isBest ? `epoch ${count(metrics.epoch)}` : '',
  }));
}

function testItems({ metrics: { test } }) {
  const names = Object.keys(test ?? {}).filter((name) => typeof test[name] === 'number' && name !== 'epoch');
  return names.slice(0, 2).map((name) => ({
    name: capital(metricWords(`test_${name}`)), value: { exact: test[name], text: metricText(name, test[name]) } }));
}
