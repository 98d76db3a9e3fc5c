/** The answer while one column of the row changes and the others stay. */
import { html, live, nothing } from '../../core/dom.js';
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

  async function run(row, { name, minimum, maximum }, current) {
    const xs = spaced(minimum, maximum, POINTS);
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
      ${found.value ? chart(found.value, model, row, width.value) : nothing}</figure>`,
    close: () => { abort.abort(); clearTimeout(timer); width.close(); },
  };
}

function chart({ name, xs, data, classes }, model, row, width) {
  const here = row[name];
  return lineChart({
    label: `${classes ? 'Probability' : model.spec.target} by ${name}`,
    series: seriesOf(data, classes, xs, model.spec.target),
    x: { label: name },
    y: classes ? { label: 'probability' } : { label: model.spec.target },
    marks: typeof here === 'number' ? [{ x: here, name: 'this row' }] : [],
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
