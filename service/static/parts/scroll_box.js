/** Boxes that scroll sideways: one that is too narrow for its content can be focused and has a name. */
import { ref } from '../core/dom.js';

const names = new WeakMap();
const observer = new ResizeObserver((entries) => {
  const boxes = new Set(entries.map(({ target }) => (names.has(target) ? target : target.parentElement)));
  for (const box of boxes) if (box) mark(box);
});

/** Directive of a box that may scroll, with the name that it then has. */
export const scrollBox = (name) => ref((box) => {
  if (!box) return;
  names.set(box, name);
  observer.observe(box);
  if (box.firstElementChild) observer.observe(box.firstElementChild);
});

function mark(box) {
  if (box.scrollWidth <= box.clientWidth + 1) {
    for (const name of ['tabindex', 'role', 'aria-label']) box.removeAttribute(name);
    return;
  }
  box.tabIndex = 0;
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', names.get(box) ?? 'Scrolls sideways');
}
