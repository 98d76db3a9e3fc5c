/** Curves of a job: loss, metrics, learning rate, gradient norm, and the statistics of layers. */
import { html, nothing, repeat } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { effect, signal, untracked } from '../../../core/state.js';
import { chart } from '../../../parts/chart.js';
import { problemView } from '../../../parts/problem.js';
import { thinnedWords } from '../../../parts/thinned.js';
import { capital, isShare, mainMetric, metricWords } from '../metrics.js';
import { layerCharts } from './layer_charts.js';

const NOT_METRICS = new Set(['epoch', 'loss', 'validation_loss', 'learning_rate', 'gradient_norm', 'seconds']);
const MOST_CLASSES = 8;

/** Curves of a job that `openJob` has opened. */
export function jobCurves(state) {
  const names = signal('');
  const shown = signal([]);
  const made = new Map();
  const layers = layerCharts(state.layers);

  const stopNames = effect(() => { names.value = Object.keys(state.losses.columns.value).join(); });
  const stopCharts = effect(() => {
    const known = names.value.split(',');
    const wanted = known.includes('loss') ? chartsOf(known, state.job.peek()) : [];
    untracked(() => wanted.forEach((one) => {
      if (!made.has(one.key)) made.set(one.key, chart(() => optionsOf(one, state.losses.columns.value)));
    }));
    shown.value = wanted.map(({ key, note }) => ({ key, note }));
  });
  return {
    render: () => curvesView({ state, shown: shown.value, made, layers }),
    close() {
      stopNames();
      stopCharts();
      made.forEach((one) => one.close());
      layers.close();
    },
  };
}

/**
 * Charts that the columns allow, the most important first.
 * @returns {{key: string, label: string, canBeLog?: boolean, note?: string, lines: {name: string, column: string, style?: any}[]}[]}
 */
export function chartsOf(names, job) {
  const has = (name) => names.includes(name);
  const pair = (key, label, training, validation) => ({
    key, label, canBeLog: !isShare(key), lines: [
      { name: 'training', column: training, style: 'training' },
      { name: 'validation', column: validation, style: 'validation' },
    ].filter(({ column }) => has(column)),
  });
  const metrics = [...new Set(names.filter((name) => !NOT_METRICS.has(name))
    .map((name) => name.replace(/^validation_/, '')))];
  const scalar = metrics.filter((name) => !name.includes('.'));
  const first = job && mainMetric(job)?.name.replace(/^validation_/, '');
  const ordered = [...scalar.filter((name) => name === first), ...scalar.filter((name) => name !== first)];
  return [
    pair('loss', 'Loss', 'loss', 'validation_loss'),
    ...ordered.map((name) => pair(name, capital(metricWords(name)), name, `validation_${name}`)),
    ...perClass(metrics, names, job?.classes),
    { key: 'learning_rate', label: 'Learning rate', lines: [{ name: 'rate', column: 'learning_rate' }] },
    { key: 'gradient_norm', label: 'Gradient norm', lines: [{ name: 'norm', column: 'gradient_norm' }] },
  ];
}

/** Charts of metrics per class: a line per class of the validation, or of the training. */
function perClass(metrics, names, classes) {
  const parts = metrics.filter((name) => name.includes('.'));
  const groups = [...new Set(parts.map((name) => name.split('.')[0]))];
  return groups.map((name) => [name, parts.filter((part) => part.startsWith(`${name}.`))]).map(([name, members]) => ({
    key: name,
    label: capital(metricWords(name)),
    canBeLog: false,
    note: members.length > MOST_CLASSES ? `${MOST_CLASSES} of ${members.length} classes are drawn.` : '',
    lines: members.slice(0, MOST_CLASSES).map((member) => {
      const column = names.includes(`validation_${member}`) ? `validation_${member}` : member;
      const index = Number(member.split('.')[1]);
      return { name: String(Array.isArray(classes) ? classes[index] ?? index : index), column };
    }),
  }));
}

function optionsOf({ label, lines, canBeLog }, columns) {
  return {
    label,
    canBeLog,
    x: { name: 'epoch', values: columns.epoch, isWhole: true },
    series: lines.filter(({ column }) => hasValues(columns[column]))
      .map(({ name, column, style }) => ({ name, style, values: columns[column] })),
  };
}

const hasValues = (values) => values?.some((value) => value !== null);

function curvesView({ state, shown, made, layers }) {
  const { losses, job } = state;
  if (losses.columns.value.epoch.length === 0) return noCurves(losses, job.value);
  const drawn = shown.map(({ key, note }) => ({ key, note, one: made.get(key) }));
  const [first, rest] = [drawn.slice(0, 2), drawn.slice(2)];
  const each = (charts) => repeat(charts, ({ key }) => key, ({ one, note }) => html`
    <div>${one.render()}${note ? html`<p class="small muted">${note}</p>` : nothing}</div>`);
  return html`<section class="stack" aria-label="Curves">
    <div class="halves">${each(first)}</div>
    ${cutNote(losses)}${note(thinnedWords(losses.columns.value.epoch))}${note(foldsWords(job.value))}
    ${rest.length ? html`<details><summary>More curves: ${rest.map(({ key }) => metricWords(key)).join(', ')}</summary>
      <div class="halves">${each(rest)}</div></details>` : nothing}
    <details @toggle=${(event) => { if (event.target.open) state.wantLayers(); }}>
      <summary>Curves per layer</summary>${layers.render()}</details>
  </section>`;
}

function noCurves({ isLoading, problem, read }, job) {
  if (problem.value) return problemView(problem.value, { retry: read });
  if (isLoading.value) return html`<p class="loading" role="status">Reading the curves…</p>`;
  const isOver = job?.is_terminal;
  if (job?.progress.folds) {
    return html`<p class="muted">${foldsWords(job)} ${isOver ? 'It was not trained for an epoch.'
      : 'It is trained after the folds.'}</p>`;
  }
  return html`<p class="muted">${isOver ? 'No epoch was completed, so there are no curves.'
    : 'The curves begin with the first completed epoch.'}</p>`;
}

const note = (words) => (words ? html`<p class="small muted">${words}</p>` : nothing);

const foldsWords = (job) => (job?.progress.folds
  ? 'The curves are those of the final network: the service records no losses of the folds.' : '');

const cutNote = ({ isCut, columns }) => (isCut.value ? html`<p class="small muted">The first ${
  count(columns.value.epoch.length)} epochs are drawn. All are in
  <span class="mono">GET /v1/jobs/{id}/losses</span>.</p>` : nothing);

