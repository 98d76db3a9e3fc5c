/** Questions about a step of a job: those that a worker has to reach it for are waited for. */
import { get, Problem, send } from '../../core/api.js';

const POLL_MS = 400;
/** A person who moves on often comes back at once: work goes on for this long. */
const GRACE_MS = 1500;
const BUSY_SECONDS = 5;
const LONGEST_BUSY_SECONDS = 60;
const MOST_TRIES = 20;

/** Work of a worker that ends because no request waits for it, by its id. */
const ending = new Map();

/** The work that would have reached the step was cancelled. */
export class Cancelled extends Error {
  constructor(work) {
    super('The replay was cancelled.');
    this.title = this.message;
    this.work = work;
  }
}

/**
 * State of a question that waits.
 * @typedef {{kind: 'busy', seconds: number}
 *   | {kind: 'replay', steps: number, from: number, fraction: number, cancel: () => void}} Wait
 *
 * @param {string} path such as `/v1/jobs/{id}/explain`
 * @param {object} body
 * @param {{signal?: AbortSignal, onWait?: (wait: Wait|null) => void}} options
 * @returns {Promise<any>} the answer. Throws Problem, Cancelled, and AbortError.
 */
export async function ask(path, body, { signal, onWait = () => {} } = {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      const { status, data } = await send('POST', path, { body, signal });
      return status === 202 ? await untilReached(data, { signal, onWait }) : data;
    } catch (problem) {
      if (!isBusy(problem) || tries === MOST_TRIES) throw problem;
      const seconds = Math.min(Number(problem.headers.get('Retry-After')) || BUSY_SECONDS, LONGEST_BUSY_SECONDS);
      onWait({ kind: 'busy', seconds });
      await delay(seconds * 1000, signal);
    } finally {
      onWait(null);
    }
  }
}

const isBusy = (problem) => problem instanceof Problem && problem.status === 503
  && problem.headers.has('Retry-After');

async function untilReached(work, { signal, onWait }) {
  const cancel = () => end(work.id);
  clearTimeout(ending.get(work.id));
  try {
    let current = work;
    while (!current.is_terminal) {
      onWait(describe(current, cancel));
      await delay(POLL_MS, signal);
      current = await get(work.links.self, { signal });
    }
    if (current.links.answer) return await get(current.links.answer, { signal });
    throw failure(current);
  } catch (error) {
    if (signal?.aborted) ending.set(work.id, setTimeout(cancel, GRACE_MS));
    throw error;
  }
}

const describe = ({ progress, position }, cancel) => ({
  kind: 'replay', steps: progress.steps, from: position.from_step, fraction: progress.fraction, cancel,
});

function failure(work) {
  if (work.status === 'cancelled') return new Cancelled(work);
  const { code, message } = work.error ?? { code: 'no_answer', message: 'The state is no longer kept.' };
  return new Problem(409, { title: 'The step was not reached', detail: message, code }, new Headers());
}

function end(id) {
  ending.delete(id);
  // Work that has ended meanwhile cannot be cancelled, which is as well.
  send('POST', `/v1/explanations/${id}/cancel`, { body: {} }).catch(() => {});
}

function delay(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
