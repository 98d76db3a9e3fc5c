/** Notices of what was changed or guessed while a file was read, with the fixes as buttons. */
import { html, nothing, repeat } from '../../core/dom.js';
import { icon } from '../../parts/icons.js';
import { fixesOf, isDoubt } from './fixes.js';
import { plural, sentence } from './reading.js';

/**
 * @param {{notices: object[], options: object}} read a dataset or a preview
 * @param {(changes: object) => void} change reads again with changed options
 */
export function noticesCard({ notices, options }, change) {
  if (!notices.length) return nothing;
  return html`<section class="card notices" aria-label="Notices">
    <h2 class="h3">${plural(notices.length, 'notice')}</h2>
    <ul>${repeat(notices, keyOf, (notice) => html`<li class="notice">${icon(isDoubt(notice) ? 'warn' : 'info')}
      <p>${notice.column === null ? sentence(notice.detail)
    : html`<strong class="quoted">${notice.column}</strong>: ${notice.detail}.`}</p>
      <div class="row">${fixesOf(notice, options).map((fix) => html`<button type="button" class="button small"
        @click=${() => change(fix.changes)}>${fix.text}</button>`)}</div></li>`)}
    </ul></section>`;
}

const keyOf = ({ code, column, detail }) => `${code} ${column} ${detail}`;
