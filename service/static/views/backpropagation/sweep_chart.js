/** Loss of the batch after the step, by learning rate: along the update and along the gradient. */
import { html } from '../../core/dom.js';
import { signal } from '../../core/state.js';
import { lineChart } from '../../parts/line_chart.js';
import { widthWatcher } from './observers.js';
import { optimizerName } from './what_if_question.js';

const LABEL = 'Loss of the batch after the step';
const HEIGHT = 240;
/** Losses far above the one before the step would flatten what matters. */
const HIGHEST_RATIO = 2;

const width = signal(560);
const watch = widthWatcher(width);

/** @param {{sweep: object, job: object, compared: object|null}} options */
export function sweepChart({ sweep, job, compared }) {
  const { rates, update, gradient_descent: descent, rate, loss, loss_after: after } = sweep;
  const limit = loss * HIGHEST_RATIO;
  const points = (losses) => rates.map((one, index) => [one, losses[index] <= limit ? losses[index] : null]);
  const name = optimizerName(job.spec.optimizer);
  const isDescent = name === 'SGD';
  const changed = compared?.counterfactual.changed;
  const marks = [
    { y: loss, name: 'before' },
    { x: rate, y: after, name: 'as trained' },
    ...(changed ? whatIfMark(changed.learning_rate, compared.counterfactual.batch.losses.changed, limit) : []),
  ];
  const series = [
    { name, points: points(update.losses) },
    ...(isDescent ? [] : [{ name: 'gradient descent', points: points(descent.losses), style: 'validation' }]),
  ];
  return html`<figure class="stack">
    <figcaption class="small muted">${LABEL}, by learning rate. Losses above ${HIGHEST_RATIO} times the
      one before the step are not drawn.</figcaption>
    <div ${watch()}>${lineChart({
      label: LABEL, series, marks, width: width.value, height: HEIGHT,
      x: { label: 'rate', log: true }, y: {},
    })}</div>
  </figure>`;
}

const whatIfMark = (rate, loss, limit) => (
  loss !== null && loss <= limit ? [{ x: rate, y: loss, name: 'what if', isOpen: true }] : []);
