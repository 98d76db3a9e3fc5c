/** Findings of a job, with their fixes. */
import { html, nothing, repeat } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { icon } from '../../../parts/icons.js';
import { newJobHref } from './links.js';

const ICONS = { info: 'info', warning: 'warn', error: 'fail' };
const RANK = { error: 0, warning: 1, info: 2 };

/** Findings about the request, the rows and the training; warnings first. */
export function findings(job) {
  if (job.findings.length === 0) return nothing;
  const sorted = [...job.findings].sort((a, b) => RANK[a.level] - RANK[b.level]);
  return html`<section class="stack"><h2 class="h3">Findings</h2>
    <div>${repeat(sorted, ({ code, pointer }) => `${code} ${pointer}`, (finding) => notice(finding, job.id))}</div></section>`;
}

const notice = ({ level, detail, pointer, fix, epoch }, id) => html`<div class="notice">
  ${icon(ICONS[level])}
  <p><span class="hidden">${level}: </span>${detail}
    <span class="small muted">${pointer ? html`<code>${pointer}</code>` : nothing}${
      epoch === null ? nothing : html`, after ${count(epoch)} epochs`}</span></p>
  ${fix?.patch ? html`<div class="row"><a class="button small" href=${newJobHref(id, fix.patch)}
    aria-label="Train with this fix: ${detail}">Train with this fix</a></div>` : nothing}
</div>`;
