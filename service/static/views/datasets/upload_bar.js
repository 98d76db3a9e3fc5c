/** Progress of an upload, and its buttons. */
import { html, nothing } from '../../core/dom.js';
import { bytes, count } from '../../core/numbers.js';
import { problemView } from '../../parts/problem.js';
import { discard, draft } from './draft.js';

const WORDS = {
  sending: 'Uploading', paused: 'Paused', waiting: 'The service is busy; the upload goes on by itself',
  lost: 'The connection is lost; the upload goes on by itself', complete: 'Uploaded',
  failed: 'Stopped', cancelled: 'Cancelled',
};

/**
 * @param {ReturnType<import('./upload.js').resumableUpload>} upload
 * @param {{name: string, restart: () => void, isStoring: boolean}} options
 */
export function uploadBar({ progress, pause }, { name, restart, isStoring }) {
  const { state, offset, problem } = progress.value;
  const size = draft.value.file.size;
  const share = size === 0 ? 100 : Math.floor((offset / size) * 100);
  return html`<section class="card" aria-label="Upload">
    <p class="row"><span class="grow">${isStoring ? 'Reading all rows…' : WORDS[state]}</span>
      <span class="small muted" data-value=${offset}>${bytes(offset)} of ${bytes(size)}, ${count(share)} %</span></p>
    <progress class="upload" max="100" value=${share} aria-label="Upload of ${name}"></progress>
    ${problem ? problemView(problem) : nothing}
    <div class="row">
      ${['sending', 'waiting'].includes(state) ? html`<button type="button" class="button" @click=${pause}>Pause</button>` : nothing}
      ${['paused', 'lost', 'failed'].includes(state) ? html`
        <button type="button" class="button" @click=${restart}>Resume</button>` : nothing}
      ${isStoring || state === 'complete' ? nothing : html`
        <button type="button" class="button" @click=${discard}>Cancel the upload</button>`}
    </div></section>`;
}
