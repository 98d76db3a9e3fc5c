/** Inputs of a job: its table, target, rows and start. */
import { html, nothing } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { href } from '../../../core/router.js';
import { shortId } from '../../../parts/job_name.js';

const MOST_CLASSES = 12;

/** Lines about the inputs of a job. */
export function inputFacts({ links, spec, classes, rows, start_from: from }) {
  const dataset = links.dataset.split('/').at(-1);
  return html`<p><a href=${href('datasets', dataset)}>Table</a>,
      <a href=${href('jobs', null, { dataset })}>other jobs of this table</a></p>
    ${targetLine(spec, classes)}${rowsLine(rows)}${startLine(from)}`;
}

function targetLine({ target }, classes) {
  if (typeof target !== 'string') return nothing;
  const shown = Array.isArray(classes) ? classes.slice(0, MOST_CLASSES) : [];
  const all = shown.length && classes.length > shown.length ? ` (${count(shown.length)} of ${count(classes.length)} classes)` : '';
  return html`<p class="muted">Target: ${target}${shown.length ? html`, classes ${shown.join(', ')}${all}` : nothing}</p>`;
}

function rowsLine(rows) {
  if (rows === null) return nothing;
  const parts = [['training', rows.training], ['validation', rows.validation], ['test', rows.test], ['left out', rows.left_out]];
  return html`<p class="muted">Rows: ${parts.filter(([, number]) => number).map(([name, number]) => `${count(number)} ${name}`).join(', ')}</p>`;
}

function startLine(from) {
  if (from === null) return nothing;
  return html`<p class="muted">Started from ${from.job_id
    ? html`<a href=${href('jobs', from.job_id)}>job ${shortId(from.job_id)}</a>, step ${count(from.steps)}`
    : html`<a href=${href('models', from.model_id)}>model ${shortId(from.model_id)}</a>`}</p>`;
}
