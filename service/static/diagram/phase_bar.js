/** The bar above the drawing: phases, steps and playing, the row, and row or batch. */
import { html, live, nothing } from '../core/dom.js';
import { PHASES } from '../core/clock.js';
import { count } from '../core/numbers.js';
import { segmented } from '../parts/segmented.js';
import { SPEEDS } from './player.js';
import { rowLabel } from './rows.js';
import { hasGaps } from './steps.js';

const NAMES = { forward: 'Forward', loss: 'Loss', backward: 'Backward', update: 'Update' };

/**
 * @param {{clock: import('./answers.js').Clock, answers: import('./answers.js').StepAnswers|null,
 *   play: object, move: (change: object) => void, step: (count: number) => void,
 *   source: import('./answers.js').Source|null}} options
 */
export const phaseBar = ({ clock, answers, play, move, step, source }) => html`<div class="bar">
  ${segmented({
    label: 'Phase',
    options: PHASES.map((phase) => ({ value: phase, text: NAMES[phase] })),
    value: clock.phase,
    change: (phase) => move({ phase }),
  })}
  ${playControls(play, step, source)}
  ${answers ? rowControls(clock, answers, move) : nothing}
</div>`;

const playControls = (play, step, source) => html`<div class="row tight player">
  ${stepButton(source, 'Step back', 'Previous recorded step', '‹', () => step(-1))}
  <button type="button" class="button play" @click=${play.toggle}>${play.isPlaying.value ? 'Pause' : 'Play'}</button>
  ${stepButton(source, 'Step on', 'Next recorded step', '›', () => step(1))}
  <select class="quiet" aria-label="Speed" @change=${(event) => { play.speed.value = Number(event.target.value); }}>
    ${SPEEDS.map((speed) => html`<option value=${speed} .selected=${live(speed === play.speed.value)}>${speed}×</option>`)}
  </select>
</div>`;

const stepButton = (source, name, nameOfRecorded, text, click) => {
  if (source?.steps === 1) return nothing;
  const label = source && hasGaps(source) ? nameOfRecorded : name;
  return html`<button type="button" class="button quiet" aria-label=${label} title=${label} @click=${click}>${text}</button>`;
};

function rowControls(clock, answers, move) {
  const { batch } = answers;
  return html`<div class="row mode">
    ${clock.mode === 'row' ? rowPicker(answers, move) : nothing}
    ${segmented({
      label: 'Row or batch',
      options: [{ value: 'row', text: 'This row' }, { value: 'batch', text: `Batch of ${count(batch.rows)}` }],
      value: clock.mode,
      change: (mode) => move({ mode }),
    })}
  </div>`;
}

function rowPicker({ rows, outputs, rowShown }, move) {
  const isOfBatch = rows.shown.some(({ number }) => number === rowShown?.number);
  const choices = isOfBatch || !rowShown ? rows.shown : [rowShown, ...rows.shown];
  return html`<select class="quiet" aria-label="Row" @change=${(event) => move({ row: Number(event.target.value) })}>
    ${choices.map((row) => html`<option value=${row.number ?? ''} .selected=${live(row.number === rowShown?.number)}
      ?disabled=${row.number === null}>${rowLabel(row, rows, outputs)}</option>`)}
  </select>`;
}
