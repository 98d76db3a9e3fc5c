/** Something that is loaded: its value, its problem, and whether it takes long. */
import { connection, isUnreachable } from './api.js';
import { effect, signal, untracked } from './state.js';

const LONG_MS = 200;

/**
 * @param {(signal: AbortSignal) => Promise<any>} load
 * @returns {{value: any, problem: Error|null, isLoading: boolean, reload: (load?: any) => void,
 *   close: () => void}} `value` stays until the next one is there; `isLoading` is true after 200 ms.
 *   A load that did not reach the service is repeated when the connection is back.
 */
export function resource(load) {
  const value = signal(null);
  const problem = signal(null);
  const isLoading = signal(false);
  let run = load;
  let abort = new AbortController();

  async function reload(next = run) {
    run = next;
    abort.abort();
    const current = new AbortController();
    abort = current;
    problem.value = null;
    const timer = setTimeout(() => { isLoading.value = true; }, LONG_MS);
    current.signal.addEventListener('abort', () => clearTimeout(timer));
    try {
      const loaded = await run(current.signal);
      if (!current.signal.aborted) value.value = loaded;
    } catch (error) {
      if (!current.signal.aborted) problem.value = error;
    } finally {
      clearTimeout(timer);
      if (abort === current) isLoading.value = false;
    }
  }

  reload();
  const stop = effect(() => {
    if (connection.value.isOnline && isUnreachable(problem.peek())) untracked(() => { reload(); });
  });
  return {
    get value() { return value.value; },
    get problem() { return problem.value; },
    get isLoading() { return isLoading.value; },
    reload,
    close: () => { stop(); abort.abort(); },
  };
}
