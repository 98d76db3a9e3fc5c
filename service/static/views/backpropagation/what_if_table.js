/** Both updates of the counterfactual side by side. */
import { html } from '../../core/dom.js';
import { count, exact, long } from '../../core/numbers.js';
import { plainText } from '../../diagram/drawing/text.js';
import { optimizerName } from './what_if_question.js';

/**
 * @param {{answer: object, body: object, job: object, answers: import('../../diagram/answers.js').StepAnswers|null,
 *   row: number|null}} options `body` is the request, `row` the row whose output is compared
 */
export function whatIfTable({ answer, body, job, answers, row }) {
  const { actual, changed, batch, other_batch: other, cosine, optimizer_state: state } = answer.counterfactual;
  const rows = [
    { name: 'Optimizer, rate', texts: ['', ...optimizers(answer, body, job)] },
    { name: 'Loss of the batch', values: [batch.losses.before, batch.losses.actual, batch.losses.changed] },
    { name: 'Change of the loss', values: [undefined, ...changes(batch.losses)] },
    ...lossRows('Loss of the batch, by the other loss', batch.changed_losses),
    ...lossRows(`Loss of the other ${count(other?.rows)} rows`, other?.losses),
    ...outputRows(answer, answers, row),
    { name: 'Norm of the gradient', values: [undefined, actual.gradient_norm, changed.gradient_norm] },
    ...clippedRows(actual, changed),
    { name: 'Norm of the update', values: [undefined, actual.update_norm, changed.update_norm] },
  ];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Step ${count(answer.at.step)} as trained and what if">
      <table class="compared"><caption class="hidden">Step ${count(answer.at.step)} as trained and with other settings</caption>
      <thead><tr><th scope="col"><span class="hidden">quantity</span></th><th scope="col" class="number">before</th>
        <th scope="col" class="number">as trained</th><th scope="col" class="number">what if</th></tr></thead>
      <tbody>${rows.map(tableRow)}</tbody></table></div>
    <p class="small muted" role="status">${directionSentence(cosine)} ${STATES[state] ?? ''}</p>`;
}

const STATES = {
  kept: '',
  partly_kept: 'The other optimizer takes over a part of the state.',
  new: 'The other optimizer begins with an empty state, as at its first step.',
};

const tableRow = ({ name, texts, values }) => html`<tr><th scope="row">${name}</th>${
  texts ? texts.map((text, index) => html`<td class="number">${index === 2 ? html`<strong>${text}</strong>` : text}</td>`)
    : values.map((value, index) => cell(value, index === 2))}</tr>`;

const cell = (value, isWhatIf) => (value === undefined ? html`<td></td>`
  : html`<td class="number" data-value=${value ?? ''}>${isWhatIf ? html`<strong>${long(value)}</strong>` : long(value)}</td>`);

function optimizers({ counterfactual: { actual, changed } }, { optimizer }, { spec }) {
  const text = (one, { learning_rate: rate }) => `${optimizerName(one)}, ${exact(rate)}`;
  return [text(spec.optimizer, actual), text(optimizer ?? spec.optimizer, changed)];
}

const changes = ({ before, actual, changed }) => [actual, changed].map((after) => (
  after === null || before === null ? null : after - before));

const lossRows = (name, losses) => (
  losses ? [{ name, values: [losses.before, losses.actual, losses.changed] }] : []);

function clippedRows(actual, changed) {
  const isClipped = [actual, changed].some(({ gradient_norm: norm, clipped_norm: clipped }) => norm !== clipped);
  return isClipped ? [{ name: 'after clipping', values: [undefined, actual.clipped_norm, changed.clipped_norm] }] : [];
}

/** Output of the row that is looked at, that of its class: only if the row is in the batch. */
function outputRows({ counterfactual, row_numbers: numbers, at }, answers, row) {
  if (!answers || answers.step !== at.step) return [];
  const number = row ?? answers.rows.shown[0]?.number;
  const position = numbers?.indexOf(number) ?? -1;
  const found = counterfactual.batch.outputs[position];
  if (!found) return [];
  const target = answers.batch.loss.targets[answers.rows.shown.findIndex((one) => one.number === number)];
  const output = Number.isInteger(target) && target < found.before.length ? target : 0;
  const { name = `output ${output + 1}`, meaning, scale } = answers.outputs.shown[output] ?? {};
  const isScaled = (scale ?? null) !== null;
  const plain = plainText(name);
  return [{
    name: `${meaning === 'probability' ? `p(${plain})` : plain}${isScaled ? ', scaled,' : ''} of row ${count(number)}`,
    values: [found.before[output], found.actual[output], found.changed[output]],
  }];
}

function directionSentence(cosine) {
  if (cosine === null) return '';
  return `The cosine of the angle between both updates is ${long(cosine)}.`;
}
