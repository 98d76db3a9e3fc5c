/** The answer while one column of the row changes and the others stay. */
import { html, live, nothing } from '../../core/dom.js';
import { exact } from '../../core/numbers.js';
import { signal } from '../../core/state.js';
import { lineChart } from '../../parts/line_chart.js';
import { problemView } from '../../parts/problem.js';
import { predict } from './predictor.js';
import { spaced } from './scale.js';
import { openWidth } from './width.js';
import { labelText } from './words.js';

const POINTS = 41;
const REST_MS = 250;
const MOST_CLASSES = 4;
const NONE = { render: () => nothing, ask: () => {}, close: () => {} };

/** Open the curve, if a number among the inputs varies and the model has a single target. */
export function openCurve(model, fields) {
  const varying = fields.filter(({ type, step }) => type === 'number' && step !== null);
  const isDrawn = ['classification', 'regression'].includes(model.spec.task) && !Array.isArray(model.spec.target);
  // Two columns have the map.
  if (!isDrawn || !varying.length || (fields.length === 2 && varying.length === 2)) return NONE;
  const field = signal(varying[0]);
  const found = signal(null);
  const problem = signal(null);
  const width = openWidth(560);
  let last = null;
  let abort = new AbortController();
  let timer = null;

  function ask(row) {
    last = row;
    abort.abort();
    clearTimeout(timer);
    abort = new AbortController();
    timer = setTimeout(run, REST_MS, row, field.peek(), abort.signal);
  }

  async function run(row, chosen, current) {
    const { name } = chosen;
    const xs = spaced(...rangeOf(chosen, row[name]), POINTS);
    try {
      const answer = await predict(model.id, { rows: xs.map((x) => ({ ...row, [name]: x })) }, {}, current);
      if (!current.aborted) { found.value = { name, xs, ...answer }; problem.value = null; }
    } catch (error) {
      if (!current.aborted) problem.value = error;
    }
  }

  const choose = (event) => { field.value = varying[event.target.selectedIndex]; ask(last); };
  return {
    ask,
    render: (row) => html`<figure ${width.observe}><figcaption class="row"><h3><label for="varied">Answer while one column
        changes</label></h3><select id="varied" class="plain-select" @change=${choose}>${varying.map((one) => html`
        <option .selected=${live(one === field.value)}>${one.name}</option>`)}</select></figcaption>
      ${problem.value ? problemView(problem.value, { retry: () => ask(last) }) : nothing}
      ${found.value ? chart(found.value, model, row, width.value) : nothing}
      ${isOutside(field.value, row[field.value.name]) ? html`<p class="small muted">This row is not in the chart: its
        ${field.value.name}, ${exact(row[field.value.name])}, is too far from the training rows’.</p>` : nothing}</figure>`,
    close: () => { abort.abort(); clearTimeout(timer); width.close(); },
  };
}

/** Range of the training rows, made wider for a row that is at most its width outside of it. */
function rangeOf(field, here) {
  const { minimum, maximum } = field;
  return typeof here !== 'number' || isOutside(field, here) ? [minimum, maximum]
    : [Math.min(minimum, here), Math.max(maximum, here)];
}

/** Whether a curve that reached to the row would have no room for the training rows. */
const isOutside = ({ minimum, maximum }, here) => typeof here === 'number'
  && (here < 2 * minimum - maximum || here > 2 * maximum - minimum);

function chart({ name, xs, data, classes }, model, row, width) {
  const here = row[name];
  return lineChart({
    label: `${classes ? 'Probability' : model.spec.target} by ${name}`,
    series: seriesOf(data, classes, xs, model.spec.target),
    x: { label: name },
    y: classes ? { label: 'probability' } : { label: model.spec.target },
    marks: typeof here === 'number' && here >= xs[0] && here <= xs.at(-1) ? [{ x: here, name: 'this row' }] : [],
    width,
  });
}

function seriesOf(data, classes, xs, target) {
  if (!classes) return [{ name: target, points: xs.map((x, index) => [x, data[index].value]) }];
  const values = data.map(({ probabilities, scores }) => probabilities ?? scores);
  const peak = (index) => Math.max(...values.map((one) => one[index]));
  const shown = classes.map((_, index) => index).toSorted((one, other) => peak(other) - peak(one)).slice(0, MOST_CLASSES);
  return shown.map((index) => ({ name: labelText(classes[index]), points: xs.map((x, at) => [x, values[at][index]]) }));
}
