/** Views in place of the diagram where a step cannot be shown, or not yet. */
import { html, nothing } from '../../core/dom.js';
import { count, duration } from '../../core/numbers.js';
import { href } from '../../core/router.js';
import { clockParams } from '../../core/clock.js';
import { icon } from '../../parts/icons.js';
import { problemView } from '../../parts/problem.js';
import { Cancelled } from '../../diagram/sources/ask.js';
import { normalizesBatches } from './steps.js';

/** Line for a question that waits: for the worker that replays, or for its turn. */
export function waitLine(wait) {
  if (wait === null) return nothing;
  if (wait.kind === 'busy') {
    return html`<p class="wait" role="status">Other computations are running. Trying again in ${
      wait.seconds} s.</p>`;
  }
  const text = `Replaying ${count(wait.steps)} ${wait.steps === 1 ? 'step' : 'steps'} from ${
    wait.from === 0 ? 'the start' : `step ${count(wait.from)}`}`;
  return html`<div class="wait">
    <p role="status">${text}</p>
    <progress max="1" .value=${wait.fraction} aria-label=${text}></progress>
    <button type="button" class="button" @click=${wait.cancel}>Cancel</button>
  </div>`;
}

/** The same question would be refused again. */
const REFUSED = [404, 422];

/** State in place of the drawing after a problem. */
export function failureView(problem, inside, retry) {
  if (problem instanceof Cancelled) return cancelled(inside, retry);
  if (problem.code === 'step_not_found') return beyond(problem, inside);
  if (problem.code === 'row_not_found') return unknownRow(problem, inside);
  return problemView(problem, REFUSED.includes(problem.status) ? {} : { retry });
}

function cancelled(inside, retry) {
  const { step } = inside.clock.value;
  const kept = inside.training.value.marks.filter((mark) => mark <= step).at(-1) ?? 0;
  return html`<div class="card state" role="alert">
    <p><strong>The replay was cancelled.</strong> Step ${count(step)} is not shown.</p>
    <p class="row">
      <button type="button" class="button" @click=${retry}>Replay step ${count(step)}</button>
      ${stepLink(inside, kept, `Look at step ${count(kept)}, which is kept`)}
    </p></div>`;
}

function beyond(problem, inside) {
  const last = problem.body.last_step?.step;
  const isInFold = inside.clock.value.fold !== null;
  return html`<div class="card state" role="alert">
    <p><strong>${sentence(problem.detail)}</strong></p>
    ${last !== undefined ? html`<p>${stepLink(inside, last, `Look at step ${count(last)}, the last`)}</p>`
      : isInFold ? html`<p>${clockLink(inside, { fold: null }, 'Look at the final network')}</p>` : nothing}
  </div>`;
}

const unknownRow = (problem, inside) => html`<div class="card state" role="alert">
  <p><strong>${sentence(problem.detail)}</strong></p>
  <p>${clockLink(inside, { row: null }, 'Look at the first row of the batch')}</p>
</div>`;

const clockLink = ({ id, clock, params }, change, text) => html`<a href=${
  href('backpropagation', id, { ...params.value, ...clockParams({ ...clock.value, ...change }) })}>${text}</a>`;

const stepLink = (inside, step, text) => clockLink(inside, { step }, text);

/** Why a network that normalizes batches shows no row alone. */
export const batchNotice = ({ job, clock }) => (
  clock.value.mode !== 'batch' || !normalizesBatches(job.value?.spec?.network?.layers) ? nothing
    : html`<p class="small">${icon('info')} Batch normalization needs the batch: a row alone has no mean
      and no deviation, so that “This row” is not available.</p>`);

/** Notice that the step of the address cannot be read. */
export const unreadNotice = ({ unread, clock }) => (unread.value === null ? nothing
  : html`<p class="small" role="status">${icon('info')} Step “${unread.value}” of the address cannot be read. You see step ${
    count(clock.value.step)}; steps are whole numbers from 0.</p>`);

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Notice for a job whose table was deleted: the steps that can still be looked at. */
export function goneNotice(inside) {
  const { marks } = inside.training.value;
  const current = inside.clock.value.step;
  if (marks.length === 0) {
    return html`<div class="card state" role="status"><p><strong>The table was deleted.</strong>
      No state of the job is kept, so that no step can be looked at.</p></div>`;
  }
  return html`<div class="card state" role="status">
    <p><strong>The table was deleted.</strong> ${listed(marks)} can still be looked at, with a row of
      your own.</p>
    <div class="row" role="group" aria-label="Kept steps">${marks.map((step) => html`
      <button type="button" class="button" aria-pressed=${step === current ? 'true' : 'false'}
        @click=${() => inside.setClock({ step })}>Step ${count(step)}</button>`)}</div>
  </div>`;
}

function listed(steps) {
  const texts = steps.map((step) => count(step));
  if (texts.length === 1) return `Step ${texts[0]}`;
  return `Steps ${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
}

/** Where the numbers come from, and whether they have the bits of the training. */
export function originLine(answers) {
  if (answers === null) return nothing;
  const { origin, exact, inexactBecause, limits } = answers;
  return html`<div class="origin">
    ${exact ? html`<p class="small muted">${icon('done')} Every number has the bits of the training. ${
      originText(origin)}</p>`
      : html`<p class="small notexact">${icon('warn')} <span><strong>Not exact.</strong> ${
        sentence(inexactBecause?.detail ?? 'the bits may differ')} ${originText(origin)}</span></p>`}
    ${limits ? html`<p class="small">${icon('info')} The whole step has more numbers than an answer
      holds: at most ${count(limits.max_units)} units per layer, ${count(limits.top)} edges per unit
      and ${count(limits.max_rows)} rows are shown.</p>` : nothing}
  </div>`;
}

const PLACES = {
  start: () => 'the start',
  checkpoint: ({ step }) => `the checkpoint at step ${count(step)}`,
  milestone: ({ step }) => `the milestone at step ${count(step)}`,
  explanation: ({ step }) => `the state kept at step ${count(step)}`,
};

function originText(origin) {
  if (origin === null) return '';
  const place = (PLACES[origin.kind] ?? PLACES.start)(origin);
  const { replayed_steps: steps, seconds } = origin;
  if (steps === 0) return `Read from ${place} in ${duration(seconds)}.`;
  return `Replayed ${count(steps)} ${steps === 1 ? 'step' : 'steps'} from ${place} in ${duration(seconds)}.`;
}
