/** How large the training is, as the service answered last. */
import { html, nothing } from '../../core/dom.js';
import { bytes, count } from '../../core/numbers.js';

/** The card. @param {object} form */
export function sizeCard(form) {
  const valid = form.checking.valid.value;
  if (!valid) return html`<section class="card size-card" aria-label="Size">${stats(null)}</section>`;
  const { answer, spec } = valid;
  const isOld = spec !== form.draft.spec.value && !isPending(form);
  return html`<section class="card size-card" aria-label="Size">${stats(answer)}
    <p class="small muted">${isOld ? html`<strong>Of the last request without errors.</strong> ` : nothing}${rowsText(answer)}</p></section>`;
}

/** Whether the latest outcome is still awaited: old numbers stay without a remark until then. */
const isPending = ({ checking, draft }) => checking.latest.value.spec !== draft.spec.value && !draft.fault.value;

function stats(answer) {
  const [amount, unit] = bytes(answer?.memory_bytes ?? null).split(' ');
  return html`<dl class="stats">
    <div><dt>Parameters</dt><dd>${answer ? count(answer.parameter_count) : 'later'}</dd></div>
    <div><dt>Memory</dt><dd>${answer ? html`${amount} <small>${unit}</small>` : 'later'}</dd></div>
    <div><dt>Steps</dt><dd>${answer ? count(answer.steps) : 'later'}</dd></div>
  </dl>`;
}

function rowsText({ rows, spec }) {
  const parts = [['to train on', rows.training], ['to validate', rows.validation], ['to test', rows.test]];
  const said = parts.filter(([, number]) => number !== 0).map(([what, number], index) => (
    `${number === null ? 'rows that only the data show' : `${count(number)}${index ? '' : ' rows'}`} ${what}`));
  return `${said.join(', ')}; ${count(spec.epochs)} epochs in ${spec.dtype}.`;
}
