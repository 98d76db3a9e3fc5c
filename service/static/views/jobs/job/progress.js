/** How far a job is. */
import { html, nothing } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { isLive, epochsWords, leftWords } from '../words.js';

/** Bar with the epochs and the time left, of a job that has not ended. */
export function progressBar(job) {
  if (!isLive(job) || job.progress.fraction === null) return nothing;
  const percent = Math.floor(job.progress.fraction * 100);
  const speed = job.progress.samples_per_second;
  const words = [epochsWords(job), `${percent} %`, leftWords(job),
    job.status === 'running' && speed ? `${count(Math.round(speed))} rows per second` : ''].filter(Boolean);
  return html`<div class="progress">
    <progress max="1" .value=${job.progress.fraction} aria-label="Progress">${percent} %</progress>
    <p class="small muted">${words.join(', ')}</p></div>`;
}
