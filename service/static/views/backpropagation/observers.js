/** Widths of places, and whether they are near the window: for what is drawn or asked only there. */
import { ref } from '../../core/dom.js';

/** Directive that sets a signal to true once its element comes near the window. */
export function nearWatcher(isNear) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    isNear.value = true;
    observer.disconnect();
  }, { rootMargin: '200px' });
  return watched(observer);
}

/** Directive that keeps a signal at the width of its element, in pixels. */
export const widthWatcher = (width) => watched(new ResizeObserver(([entry]) => {
  const found = Math.floor(entry.contentRect.width);
  if (found > 0) width.value = found;
}));

function watched(observer) {
  let current = null;
  const watch = (element) => {
    if (current) observer.unobserve(current);
    current = element ?? null;
    if (current) observer.observe(current);
  };
  return () => ref(watch);
}
