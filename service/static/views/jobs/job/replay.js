/** Proof of a job's digest: a worker repeats the training and compares bit for bit. */
import { get, post } from '../../../core/api.js';
import { html, nothing } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { signal } from '../../../core/state.js';
import { icon } from '../../../parts/icons.js';
import { problemView } from '../../../parts/problem.js';

const POLL_MS = 500;

/** Digest of a job and its replays. */
export function jobReplay(state) {
  const replay = signal(null);
  const problem = signal(null);
  const abort = new AbortController();

  async function start() {
    problem.value = null;
    try {
      replay.value = await post(state.job.peek().links.replay, undefined, { signal: abort.signal });
      await poll();
    } catch (error) {
      if (!abort.signal.aborted) problem.value = error;
    }
  }

  async function poll() {
    while (!replay.peek().is_terminal) {
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
      replay.value = await get(replay.peek().links.self, { signal: abort.signal });
    }
  }

  return {
    render: () => digestView({ job: state.job.value, replay: replay.value, problem: problem.value, start }),
    close: () => abort.abort(),
  };
}

function digestView({ job, replay, problem, start }) {
  if (job.digest === null) return nothing;
  const isRunning = replay !== null && !replay.is_terminal;
  return html`<section class="stack"><h2 class="h3">Digest</h2>
    <dl class="pairs"><div><dt>Inputs</dt><dd><code>${job.digest.inputs}</code></dd></div>
      <div><dt>Result</dt><dd>${job.digest.result ? html`<code>${job.digest.result}</code>` : job.is_terminal ? '–' : 'later'}</dd></div>
      <div><dt>Exact</dt><dd>${job.exact ? 'yes: all steps were trained in equal environments'
        : 'no: it was continued in an environment with other bits'}</dd></div></dl>
    ${job.links.replay && !isRunning ? html`<p class="row"><button type="button" class="button small" @click=${start}>Replay the training</button>
      <span class="small muted">repeats all steps and compares them bit for bit</span></p>` : nothing}
    <div role="status">${replay === null ? nothing : verdict(replay)}</div>
    ${problem ? problemView(problem, { retry: start }) : nothing}
  </section>`;
}

function verdict({ status, progress, verdict: found, error }) {
  if (found?.identical) return html`<p class="row">${icon('done')}Identical: losses and weights are equal bit for bit.</p>`;
  if (found) {
    const since = found.first_differing_epoch === null ? '' : `, first in epoch ${count(found.first_differing_epoch)}`;
    return html`<p class="row">${icon('fail')}Different: ${found.differs.map((name) => name.replaceAll('_', ' ')).join(', ')}${since}.${
      found.divergence ? ` ${found.divergence}` : ''}</p>`;
  }
  if (error) return html`<p class="row">${icon('fail')}The replay failed: ${error.message}</p>`;
  const steps = progress.steps === null ? '' : `, ${count(progress.steps_done)} of ${count(progress.steps)} steps`;
  return html`<p class="muted">Replay ${status}${steps}</p>`;
}
