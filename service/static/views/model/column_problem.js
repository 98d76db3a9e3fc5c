/** Columns of a file that are not those of the model: what is wrong, and the choices. */
import { html, nothing } from '../../core/dom.js';
import { count } from '../../core/numbers.js';

const MOST_NAMES = 10;
const CODES = ['missing_column', 'unknown_column'];

/**
 * @param {Error|null} problem of a prediction
 * @param {string[]} needed columns of the model
 * @returns {{missing: string[], unknown: string[]}|null} null if something else is wrong
 */
export function columnsAtFault(problem, needed) {
  const errors = problem?.errors ?? [];
  if (!errors.length || !errors.every(({ code }) => CODES.includes(code))) return null;
  const details = errors.filter(({ code }) => code === 'missing_column').map(({ detail }) => detail);
  const missing = needed.filter((name) => details.some((detail) => detail.startsWith(`no row has '${name}'`)
    || detail.startsWith(`no row has "${name}"`)));
  const unknown = errors.filter(({ code, column }) => code === 'unknown_column' && column !== undefined).map(({ column }) => column);
  return missing.length || unknown.length ? { missing, unknown } : null;
}

/**
 * @param {{missing: string[], unknown: string[]}} fault
 * @param {string[]} needed
 * @param {(options: object) => void} again predicts with further query parameters
 */
export function columnProblem({ missing, unknown }, needed, again) {
  const isNone = missing.length === needed.length;
  return html`<div class="problem" role="alert"><div>
    ${missing.length ? html`<p><strong>${missingText(missing, needed)}</strong> ${names(missing)}.</p>` : nothing}
    ${unknown.length ? html`<p>${missing.length ? 'It has others' : html`<strong>The table has columns that the model does not use</strong>`}:
      ${names(unknown)}.</p>` : nothing}
    <div class="row">
      ${missing.length && !isNone ? html`<button type="button" class="button" @click=${() => again(
    { missing_columns: 'impute', ...(unknown.length ? { extra_columns: 'ignore' } : {}) })}>Fill missing columns</button>` : nothing}
      ${unknown.length && !missing.length ? html`<button type="button" class="button"
        @click=${() => again({ extra_columns: 'ignore' })}>Leave out the other columns</button>` : nothing}</div>
  </div></div>`;
}

function missingText(missing, needed) {
  if (missing.length === needed.length) return `The table has none of the ${count(needed.length)} columns that the model needs:`;
  return `The table lacks ${count(missing.length)} of the ${count(needed.length)} columns that the model needs:`;
}

const names = (all) => html`${all.slice(0, MOST_NAMES).map((name, index) => html`${index ? ', ' : ''}<bdi>${name}</bdi>`)}${
  all.length > MOST_NAMES ? ` and ${count(all.length - MOST_NAMES)} more` : ''}`;
