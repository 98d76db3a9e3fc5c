/** Why a job failed, and what can be done. */
import { html, nothing } from '../../../core/dom.js';
import { short } from '../../../core/numbers.js';
import { icon } from '../../../parts/icons.js';
import { adviceFor, reasonWords } from '../words.js';
import { newJobHref } from './links.js';

/** Box with the reason, the message and the ways out of a failed job, or nothing. */
export function failure(job, actions) {
  if (job.status !== 'failed') return nothing;
  const rate = job.error?.data?.suggested_learning_rate;
  const patch = [{ op: 'add', path: '/optimizer/learning_rate', value: rate }];
  return html`<div class="problem" role="group" aria-label="Failure">${icon('fail')}<div>
    <p><strong>Failed: ${reasonWords(job)}</strong></p>
    ${job.error ? html`<p>${sentence(job.error.message)}</p>` : nothing}
    <p>${adviceFor(job)}</p>
    <div class="row">${actions.retryButtons()}${typeof rate === 'number' ? html`
      <a class="button" href=${newJobHref(job.id, patch)}>Train with a rate of ${short(rate)}</a>` : html`
      <a class="button" href=${newJobHref(job.id)}>Train with other values</a>`}</div>
  </div></div>`;
}

/** Message as a sentence: it begins with an upper-case letter and ends with a stop. */
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
