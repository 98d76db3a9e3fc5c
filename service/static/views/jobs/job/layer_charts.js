/** Curves per layer: gradient norm, update ratio, dead and saturated units. */
import { html, nothing, repeat } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { chart } from '../../../parts/chart.js';
import { MOST_STROKES } from '../../../parts/charts/strokes.js';
import { problemView } from '../../../parts/problem.js';

const STATISTICS = [
  ['gradient_norm', 'Gradient norm per layer', 'Of the epoch\'s last step, before clipping.'],
  ['update_ratio', 'Update ratio per layer', '‖Δw‖ / ‖w‖ of the epoch\'s last step; about 0.001 is healthy.'],
  ['dead_units', 'Dead units per layer', 'Share of the ReLU units that are 0 for every row of the last batch.'],
  ['saturated_units', 'Saturated units per layer', 'Share of the outputs on a flat part of the activation.'],
];

/** Charts of the columns that `addLayers` fills. */
export function layerCharts({ columns, isLoading, problem, read }) {
  const charts = STATISTICS.map(([name, label, note]) => ({
    name, note, one: chart(() => optionsOf(name, label, columns.value)),
  }));
  return {
    render() {
      const { layers, epoch } = columns.value;
      if (problem.value) return problemView(problem.value, { retry: read });
      if (isLoading.value) return html`<p class="loading" role="status">Reading the statistics of layers…</p>`;
      if (!layers || epoch.length === 0) return html`<p class="muted">No statistics of layers.</p>`;
      const filled = charts.filter(({ name }) => hasValues(name, layers));
      return html`<div class="halves">${repeat(filled, ({ name }) => name, ({ one, note }) => html`
        <div>${one.render()}<p class="small muted">${note}</p></div>`)}</div>${cutNote(layers)}`;
    },
    close: () => charts.forEach(({ one }) => one.close()),
  };
}

/** Names of at most eight layers: the first, the last, and as many between as have strokes. */
function chosenLayers(names) {
  if (names.length <= MOST_STROKES) return names;
  const last = names.length - 1;
  return Array.from({ length: MOST_STROKES }, (_, index) => names[Math.round(index * last / (MOST_STROKES - 1))]);
}

const hasValues = (statistic, layers) => [...layers.values()].some(
  (own) => own[statistic]?.some((value) => value !== null));

function optionsOf(statistic, label, { epoch, layers }) {
  const names = [...(layers?.entries() ?? [])]
    .filter(([, own]) => own[statistic]?.some((value) => value !== null)).map(([name]) => name);
  return {
    label,
    canBeLog: !statistic.endsWith('units'),
    x: { name: 'epoch', values: epoch, isWhole: true },
    series: chosenLayers(names).map((name) => ({ name, values: layers.get(name)[statistic] })),
  };
}

function cutNote(layers) {
  const { size } = layers;
  return size > MOST_STROKES
    ? html`<p class="small muted">${MOST_STROKES} of ${count(size)} layers are drawn, from the first to the last.</p>` : nothing;
}
