/** Findings of the rules about the training, with links to the steps since which it holds. */
import { html, nothing } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { href } from '../../core/router.js';
import { icon } from '../../parts/icons.js';
import { stepsPerEpoch } from './steps.js';

const ICONS = { info: 'info', warning: 'warn', error: 'fail' };

/** Notices of a job's findings; nothing without any. */
export function findingsView({ id, training }) {
  const { findings, job } = training.value;
  if (findings.length === 0) return nothing;
  return html`<section aria-labelledby="findings-title">
    <h2 id="findings-title">${findings.length === 1 ? 'One finding' : `${count(findings.length)} findings`}</h2>
    <div class="card">${findings.map((finding) => notice(finding, id, job))}</div>
  </section>`;
}

const notice = (finding, id, job) => html`<div class="notice">
  ${icon(ICONS[finding.level] ?? 'info')}
  <p>${capital(finding.detail)}.</p>
  <div class="row">${sinceLink(finding, id, job)}</div>
</div>`;

/** Link to the first step of the epoch; folds that `detail` names are counted by their own epochs. */
function sinceLink({ since, pointer }, id, job) {
  const perEpoch = stepsPerEpoch(job, null);
  if (perEpoch === null || pointer === '/validation') return nothing;
  const step = since * perEpoch;
  return html`<a class="button" href=${href('backpropagation', id, { step })}>Step ${count(step)}</a>`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
