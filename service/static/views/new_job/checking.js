/** Validation of the request while it is written. */
import { connection, post, Problem } from '../../core/api.js';
import { effect, signal } from '../../core/state.js';
import { shownLayers, sizesByKey } from './layer_list.js';

const REST_MS = 300;
const LONG_MS = 200;
const NOTHING = { spec: null, answer: null, findings: [], problem: null };

/**
 * Validate a draft whenever it has rested for a moment; a request that is superseded is aborted.
 * @returns {object} `latest`: the outcome of the latest request, with the `spec` that it is of;
 *   `valid`: the latest answer to a valid request, with `sizes` of its layers; `isSlow`: whether a
 *   request takes long; these are signals. `now()` validates at once; `close()` ends it.
 */
export function checkDraft(draft, document) {
  const latest = signal(NOTHING);
  const valid = signal(null);
  const isSlow = signal(false);
  let abort = new AbortController();
  let timer = null;

  async function now() {
    clearTimeout(timer);
    abort.abort();
    abort = new AbortController();
    const current = abort;
    const spec = draft.spec.peek();
    const slow = setTimeout(() => { isSlow.value = true; }, LONG_MS);
    const outcome = await validate(spec, current.signal);
    clearTimeout(slow);
    if (current.signal.aborted) return latest.peek();
    isSlow.value = false;
    if (outcome.answer?.valid) valid.value = withSizes(outcome, document);
    latest.value = outcome;
    return outcome;
  }

  const stop = effect(() => {
    const isReady = draft.spec.value?.dataset_id && !draft.fault.value && connection.value.isOnline;
    clearTimeout(timer);
    abort.abort();
    isSlow.value = false;
    if (isReady) timer = setTimeout(now, latest.peek().spec ? REST_MS : 0);
  });
  const show = (findings) => { latest.value = { ...NOTHING, spec: draft.spec.peek(), findings }; };
  return { latest, valid, isSlow, now, show, close: () => { stop(); clearTimeout(timer); abort.abort(); } };
}

async function validate(spec, signal) {
  try {
    const answer = await post('/v1/jobs/validate', spec, { signal });
    return { spec, answer, findings: merged(answer.findings), problem: null };
  } catch (problem) {
    const findings = findingsOf(problem);
    return { spec, answer: null, findings, problem: findings.length ? null : problem };
  }
}

/** Fields at fault of a refused request, as findings; empty for other problems. */
export function findingsOf(problem) {
  if (!(problem instanceof Problem)) return [];
  if (problem.status === 404) return [{ level: 'error', pointer: '', detail: problem.detail }];
  return merged(problem.errors.map((error) => ({ level: 'error', ...error })));
}

/** A value that may be one of several things has an error for each of them: they become one. */
function merged(findings) {
  const found = new Map();
  for (const finding of findings) {
    const key = `${finding.level} ${finding.pointer} ${finding.level === 'error' ? '' : finding.code}`;
    const before = found.get(key);
    found.set(key, before ? { ...before, detail: `${before.detail}; or: ${finding.detail}` } : finding);
  }
  return [...found.values()];
}

function withSizes({ spec, answer }, document) {
  const { layers } = shownLayers(spec, answer.spec, document);
  return { spec, answer, sizes: sizesByKey(layers, answer) };
}
