/** Predictions of single rows while they change. */
import { post } from '../../core/api.js';
import { batch, signal } from '../../core/state.js';

const REST_MS = 120;

/**
 * Ask for predictions: an answer that a newer request has superseded is never shown.
 * @param {string} modelId
 * @returns {{answer: any, problem: Error|null, ask: (row: object, options?: object) => void, close: () => void}}
 */
export function predictor(modelId) {
  const answer = signal(null);
  const problem = signal(null);
  let abort = new AbortController();
  let timer = null;

  function ask(row, options = {}) {
    abort.abort();
    clearTimeout(timer);
    abort = new AbortController();
    const current = abort.signal;
    timer = setTimeout(() => run(row, options, current), REST_MS);
  }

  async function run(row, options, current) {
    try {
      const found = await predict(modelId, { rows: [row] }, options, current);
      if (!current.aborted) batch(() => { answer.value = { row, ...found, prediction: found.data[0] }; problem.value = null; });
    } catch (error) {
      if (!current.aborted) problem.value = error;
    }
  }

  return {
    get answer() { return answer.value; },
    get problem() { return problem.value; },
    ask,
    close: () => { abort.abort(); clearTimeout(timer); },
  };
}

/**
 * Predictions of rows.
 * @param {string} modelId
 * @param {{rows: object[]}|{columns: object}} body
 * @param {object} options query parameters; null is left out
 */
export function predict(modelId, body, options = {}, abort = undefined) {
  const stated = Object.entries(options).filter(([, value]) => value !== null && value !== undefined);
  const query = stated.length ? `?${new URLSearchParams(stated)}` : '';
  return post(`/v1/models/${encodeURIComponent(modelId)}/predict${query}`, body, { signal: abort });
}
