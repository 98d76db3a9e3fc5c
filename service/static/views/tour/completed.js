/** Pages of the tour that were completed, remembered in the browser. */
import { signal } from '../../core/state.js';

const KEY = 'backpropd.tour';

const read = () => {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return new Set(Array.isArray(found) ? found : []);
  } catch {
    return new Set();
  }
};

/** Keys of the completed pages. */
export const completed = signal(read());

/** Remember that a page was completed. */
export function complete(key) {
  if (completed.peek().has(key)) return;
  completed.value = new Set([...completed.peek(), key]);
  localStorage.setItem(KEY, JSON.stringify([...completed.peek()]));
}
