/** Pages of the tour that were completed, remembered in the browser. */
import { signal } from '../../core/state.js';
import { local } from '../../core/storage.js';

const KEY = 'backpropd.tour';

const read = () => {
  const found = local.read(KEY);
  return new Set(Array.isArray(found) ? found : []);
};

/** Keys of the completed pages. */
export const completed = signal(read());

/** Remember that a page was completed. */
export function complete(key) {
  if (completed.peek().has(key)) return;
  completed.value = new Set([...completed.peek(), key]);
  local.write(KEY, [...completed.peek()]);
}
