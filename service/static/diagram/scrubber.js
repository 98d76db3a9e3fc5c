/** The scrubber is the loss curve: its thumb walks along it, ticks are kept states. */
import { html, live, nothing, svg } from '../core/dom.js';
import { count, short } from '../core/numbers.js';
import { hasGaps, nearestStep, stepBy } from './steps.js';

const WIDTH = 1000;
const HEIGHT = 56;
const MAX_POINTS = 500;
const MAX_TICKS = 60;
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };

/**
 * @param {{source: import('./answers.js').Source, answers: import('./answers.js').StepAnswers|null,
 *   step: number, drag: (step: number) => void, choose: (step: number) => void}} options `step` is
 *   where the thumb stands; `drag` is called while it moves, `choose` where it was let go
 */
export function scrubber({ source, answers, step, drag, choose }) {
  const last = Math.max(0, source.steps - 1);
  const at = answers?.step === step ? answers : null;
  if (!last) return at ? html`<p class="small muted">${lossLine(at.batch.loss)}</p>` : nothing;
  return html`<div class="scrubber">
    <div class="line"><span><strong>Step ${count(step)}</strong> <span class="muted">of ${count(last)}${
      at && at.at.steps_per_epoch > 1 ? `, epoch ${count(at.at.epoch)}` : nothing}${
      hasGaps(source) ? `, ${count(source.marks.length)} steps are recorded` : nothing}</span></span>
      <span class="small muted">${at ? lossLine(at.batch.loss) : nothing}</span></div>
    <div class="track">${curve(source, step, last)}
      <input type="range" min="0" max=${last} .value=${live(String(step))} aria-label="Step"
        aria-valuetext=${valueText(source, at, step)}
        @input=${(event) => drag(nearestStep(source, Number(event.target.value)))}
        @change=${(event) => choose(nearestStep(source, Number(event.target.value)))}
        @keydown=${(event) => moveByKey(event, source, step, choose)}></div>
    ${source.lossNote ? html`<p class="small muted">${source.lossNote}</p>` : nothing}
  </div>`;
}

const lossLine = ({ value, after }) => (value === null ? 'The loss of the batch is not finite'
  : `Loss of the batch ${short(value)} before the step, ${after === null ? 'not finite' : short(after)} after`);

function valueText(source, at, step) {
  const loss = at ? at.batch.loss.value : source.losses.find((one) => one.step === step)?.loss;
  return `Step ${count(step)}${typeof loss === 'number' ? `, loss ${short(loss)}` : ''}`;
}

function moveByKey(event, source, step, choose) {
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  choose(stepBy(source, step, KEYS[event.key]));
}

function curve({ losses, marks }, step, last) {
  const points = curvePoints(losses, last);
  const past = points.filter((point) => point.step <= step);
  const place = across(step, last);
  const ticks = marks.length <= MAX_TICKS ? marks : [];
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    ${points.length ? svg`<path class="area" d="M${points[0].x} ${HEIGHT - 5}L${line(points)}L${
      points.at(-1).x} ${HEIGHT - 5}Z"/><path class="curve" d="M${line(points)}"/>` : nothing}
    ${past.length > 1 ? svg`<path class="past" d="M${line(past)}"/>` : nothing}
    ${ticks.map((mark) => svg`<path class="tick" d="M${across(mark, last)} ${HEIGHT - 9}v9"/>`)}
    <path class="now" d="M${place} 0V${HEIGHT - 4}"/></svg>`;
}

const across = (step, last) => round(last ? (step / last) * WIDTH : 0);
const line = (points) => points.map(({ x, y }) => `${x} ${y}`).join('L');
const round = (value) => Math.round(value * 10) / 10;

/**
 * Points of the loss curve. If there are too many losses, the lowest and the highest of each
 * stretch are drawn: a peak of a single step stays visible.
 * @param {{step: number, loss: number|null}[]} losses
 * @param {number} last last step
 */
export function curvePoints(losses, last) {
  const finite = losses.filter(({ loss }) => loss !== null);
  if (!finite.length) return [];
  const values = finite.map(({ loss }) => loss);
  const high = values.reduce((one, other) => Math.max(one, other));
  const low = Math.min(0, values.reduce((one, other) => Math.min(one, other)));
  const span = high - low || 1;
  // A loss at the end of an epoch is that of all its steps: the first one begins at step 0.
  const [first] = losses;
  const start = first.step && first.loss !== null ? [{ ...first, step: 0 }] : [];
  return [...start, ...thin(finite)].map(({ step, loss }) => ({
    step, x: across(step, last), y: round(HEIGHT - 6 - ((loss - low) / span) * (HEIGHT - 12)),
  }));
}

function thin(losses) {
  if (losses.length <= MAX_POINTS) return losses;
  const size = Math.ceil((2 * losses.length) / MAX_POINTS);
  const kept = [];
  for (let start = 0; start < losses.length; start += size) {
    const ordered = losses.slice(start, start + size).sort((one, other) => one.loss - other.loss);
    kept.push(...[ordered[0], ordered.at(-1)].sort((one, other) => one.step - other.step));
  }
  return kept;
}
