/** Width of an element, as it is laid out. */
import { signal } from '../../core/state.js';

/**
 * @param {number} initial width until the element is there
 * @returns {{width: import('../../core/state.js').signal, observe: (element?: Element) => void}}
 *   `observe` is for `ref`
 */
export function observedWidth(initial) {
  const width = signal(initial);
  let observed = null;
  const observer = new ResizeObserver((entries) => {
    width.value = Math.round(entries.at(-1).contentRect.width);
  });
  function observe(element) {
    if (element === observed) return;
    if (observed) observer.unobserve(observed);
    if (element) observer.observe(element);
    observed = element ?? null;
  }
  return { width, observe };
}
