/** Charts of many points that change while they are looked at: curves of trainings. */
import { html, nothing, ref } from '../core/dom.js';
import { exact, long } from '../core/numbers.js';
import { effect, signal, untracked } from '../core/state.js';
import { theme } from '../core/theme.js';
import { spokenReading, visibleReading } from './charts/reading.js';
import { createPlot } from './charts/plot.js';
import { extent, summary } from './charts/summary.js';
import { pagedTable } from './table.js';

const SPEAK_AFTER_MS = 300;
const STRIDES = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

/**
 * @typedef {object} ChartOptions
 * @property {string} label what the lines show: `Loss`
 * @property {{name: string, values: (number|null|undefined)[], style?: 'training'|'validation'|number}[]} series
 *   null is a gap, undefined is drawn over: the line joins its neighbors
 * @property {{name: string, values: number[], isWhole?: boolean}} x ascending
 * @property {number} [height]
 * @property {boolean} [canBeLog] whether a logarithmic axis makes sense; true by default
 */

/**
 * Chart of what `read` returns; it follows the signals that `read` reads, at most four times per
 * second. Close it with its view.
 * @param {() => ChartOptions} read
 */
export function chart(read) {
  const isLog = signal(false);
  const at = signal(null);
  const spoken = signal('');
  const isTableOpen = signal(false);
  const problem = signal(null);
  const options = signal({ height: 220, canBeLog: true, ...untracked(read) });
  const plot = createPlot({
    moved: (index) => { at.value = index; },
    failed: (error) => { problem.value = error; },
  });
  const speak = debounced((index) => { spoken.value = spokenReading(options.peek(), index); });
  const stops = [
    effect(() => { options.value = { height: 220, canBeLog: true, ...read() }; }),
    effect(() => plot.draw(options.value, isLog.value, theme.value)),
    effect(() => speak(at.value)),
  ];
  const state = { isLog, at, spoken, isTableOpen, problem, options, plot };
  return {
    render: () => figureOf(state),
    close: () => { stops.forEach((stop) => stop()); plot.close(); },
  };
}

function figureOf({ isLog, at, spoken, isTableOpen, problem, options, plot }) {
  const { label, series, x, canBeLog } = options.value;
  const lines = series.map(({ name, values }) => ({ name, ...extent(values) }));
  const reading = at.value === null || at.value >= x.values.length ? '' : visibleReading(options.value, at.value);
  const hasLog = canBeLog && lines.some(({ greatest }) => greatest > 0);
  return html`<figure class="chart">
    <figcaption><h2 class="h3">${label}</h2>${hasLog ? html`
      <button type="button" class="button quiet small" aria-pressed=${isLog.value ? 'true' : 'false'}
        aria-label="${label}: logarithmic axis" @click=${() => { isLog.value = !isLog.value; }}>log</button>` : nothing}
      <p class="small reading" aria-hidden="true">${reading}</p></figcaption>
    <div class="plot" role="img" tabindex="0"
      aria-label="${summary(label, x.name, lines)} Left and right arrow keys read single values."
      ${ref(plot.attach)} @keydown=${(event) => move(event, at, x.values.length, plot)}
      @focus=${() => plot.moveTo(at.peek() ?? x.values.length - 1)} @blur=${() => plot.moveTo(null)}></div>
    <p class="hidden" role="status">${spoken.value}</p>
    ${problem.value ? html`<p class="small error">${problem.value.message}. The table has the numbers.</p>` : nothing}
    <details class="twin" @toggle=${(event) => { isTableOpen.value = event.target.open; }}>
      <summary>${label} as a table</summary>${isTableOpen.value ? twin(options.value) : nothing}</details>
  </figure>`;
}

function move(event, at, length, plot) {
  if (event.key === 'Escape') plot.moveTo(null);
  const stride = STRIDES[event.key];
  if (stride === undefined || length === 0) return;
  event.preventDefault();
  const from = at.peek() ?? length;
  const to = from + stride * (event.shiftKey ? 10 : 1);
  plot.moveTo(Math.min(Math.max(to, 0), length - 1));
}

/** Function that runs for the last index of a series of calls, once they rest; not for null. */
function debounced(run) {
  let timer = null;
  return (index) => {
    clearTimeout(timer);
    if (index !== null) timer = setTimeout(() => run(index), SPEAK_AFTER_MS);
  };
}

/** Table of the numbers; its rows are made when their page is shown. */
function twin({ label, series, x }) {
  const row = (index) => ({
    key: String(x.values[index]),
    cells: [exact(x.values[index]), ...series.map(({ values }) => valueCell(values[index]))],
  });
  const rows = {
    length: x.values.length,
    slice: (start, end) => Array.from(
      { length: Math.min(end, x.values.length) - start }, (_, index) => row(start + index)),
  };
  const head = [{ text: x.name }, ...series.map(({ name }) => ({ text: name, isNumber: true }))];
  return pagedTable({ key: `chart: ${label}`, caption: `${label} as a table`, head, rows });
}

const valueCell = (value) => html`<span data-value=${value ?? ''}>${long(value)}</span>`;
