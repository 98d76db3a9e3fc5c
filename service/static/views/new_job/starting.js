/** Sending the request: once, however often it is tried. */
import { send } from '../../core/api.js';
import { go } from '../../core/router.js';
import { signal } from '../../core/state.js';
import { findingsOf } from './checking.js';
import { forget } from './draft.js';

/**
 * @param {object} draft @param {object} checking
 * @param {(pointer: string) => void} focus puts the focus on the value that a pointer names
 * @returns {object} `state` (a signal: isSending, problem), `start()`
 */
export function makeStart(draft, checking, focus) {
  const state = signal({ isSending: false, problem: null });
  let sent = { spec: null, key: null };

  /** A request that is repeated unchanged has the same key: it creates one job. */
  function keyOf(spec) {
    if (sent.spec !== spec) sent = { spec, key: randomKey() };
    return sent.key;
  }

  async function start() {
    if (state.peek().isSending) return;
    state.value = { isSending: true, problem: null };
    const pointer = await firstError(draft, checking);
    if (pointer === null) await post(draft.spec.peek());
    else state.value = { isSending: false, problem: null };
    if (pointer !== null) focus(pointer);
  }

  async function post(spec) {
    try {
      const headers = { 'Idempotency-Key': keyOf(spec) };
      const { data } = await send('POST', '/v1/jobs', { body: spec, headers });
      forget(draft);
      go('jobs', data.id);
    } catch (problem) {
      const findings = findingsOf(problem);
      if (findings.length) checking.show(findings);
      state.value = { isSending: false, problem: findings.length ? null : problem };
      if (findings.length) focus(findings[0].pointer);
    }
  }
  return { state, start };
}

/** Pointer of the first error; null if there is none. Text that is not JSON is an error. */
async function firstError(draft, checking) {
  if (draft.fault.peek()) return '';
  if (!draft.spec.peek().dataset_id) return '/dataset_id';
  const { latest } = checking;
  const outcome = latest.peek().spec === draft.spec.peek() ? latest.peek() : await checking.now();
  return outcome.findings.find(({ level }) => level === 'error')?.pointer ?? null;
}

/** `crypto.randomUUID` is missing where the page comes over plain HTTP from another machine. */
const randomKey = () => [...crypto.getRandomValues(new Uint8Array(16))]
  .map((byte) => byte.toString(16).padStart(2, '0')).join('');
