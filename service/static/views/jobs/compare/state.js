/** Jobs that are compared: each with its losses. */
import { get, Problem } from '../../../core/api.js';
import { signal } from '../../../core/state.js';
import { addLosses, epochColumns } from '../job/columns.js';

const REFRESH_MS = 2000;

/** One job of a comparison. `state` is null until it is read, `isUnknown` if there is no such job. */
export function comparedJob(id) {
  const path = `/v1/jobs/${id}`;
  const abort = new AbortController();
  const state = signal(null);
  const isUnknown = signal(false);
  const problem = signal(null);
  const losses = epochColumns(`${path}/losses`, addLosses);

  async function read() {
    if (state.peek()?.is_terminal || isUnknown.peek() || document.hidden) return;
    try {
      const found = await get(path, { signal: abort.signal });
      await losses.read();
      state.value = found;
      problem.value = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      if (error instanceof Problem && [404, 422].includes(error.status)) isUnknown.value = true;
      else problem.value = error;
    }
  }

  read();
  const timer = setInterval(read, REFRESH_MS);
  return {
    id, state, isUnknown, problem, losses,
    close: () => { clearInterval(timer); abort.abort(); losses.close(); },
  };
}
