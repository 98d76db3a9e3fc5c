/** An error of a request: what happened, which fields, and what can be done. */
import { html, nothing } from '../core/dom.js';
import { isUnreachable, Problem } from '../core/api.js';
import { icon } from './icons.js';

/** Status of values that are understood and not valid; its own words are "Unprocessable Entity". */
const REFUSED = 422;

/**
 * @param {Error} error
 * @param {{retry?: () => void, fieldHref?: (pointer: string) => string|null}} options `fieldHref`
 *   is the address of the field that a JSON pointer names, or null
 */
export function problemView(error, { retry, fieldHref = () => null } = {}) {
  const { title, detail, errors } = describe(error);
  return html`<div class="problem" role="alert">
    ${icon('fail')}
    <div>
      <p><strong>${title}</strong></p>
      ${errors.length ? html`<ul>${errors.map((item) => errorLine(item, fieldHref))}</ul>`
        : detail ? html`<p>${detail}</p>` : nothing}
      ${retry ? html`<button type="button" class="button" @click=${retry}>Try again</button>` : nothing}
    </div>
  </div>`;
}

function errorLine({ pointer, detail }, fieldHref) {
  const target = pointer ? fieldHref(pointer) : null;
  const name = pointer ? html`<code>${pointer}</code> ` : nothing;
  return html`<li>${target ? html`<a href=${target}>${name}</a>` : name}${detail}</li>`;
}

function describe(error) {
  if (error instanceof Problem) {
    const title = error.status === REFUSED ? 'The service refuses these values' : error.title;
    return { title, detail: error.detail, errors: error.errors };
  }
  if (isUnreachable(error)) {
    return { title: 'The service cannot be reached', detail: 'Try again when the connection is back.', errors: [] };
  }
  // An end that a person asked for is not a failure.
  if (error.title) return { title: error.title, detail: null, errors: [] };
  return { title: 'The page has failed here', detail: error.message, errors: [] };
}
