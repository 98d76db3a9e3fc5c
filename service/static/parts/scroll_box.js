/** Boxes that scroll sideways: one that is too narrow for its content can be focused and has a name. */
import { ref } from '../core/dom.js';

const names = new WeakMap();
const rendered = new Set();
const observer = new ResizeObserver((entries) => {
  mark(entries.map(({ target }) => (names.has(target) ? target : target.parentElement)));
});

/** Directive of a box that may scroll, with the name that it then has. */
export const scrollBox = (name) => ref((box) => {
  if (!box) return;
  names.set(box, name);
  observer.observe(box);
  if (box.firstElementChild) observer.observe(box.firstElementChild);
  // Observers report in the next frame: until then, a new box that scrolls would have no focus.
  if (rendered.size === 0) queueMicrotask(markRendered);
  rendered.add(box);
});

function markRendered() {
  mark(rendered);
  rendered.clear();
}

/** Mark the boxes that scroll; all are measured before any is changed, for one layout in all. */
function mark(boxes) {
  const found = [...new Set(boxes)].filter((box) => box?.isConnected);
  const scrolls = found.map((box) => box.scrollWidth > box.clientWidth + 1);
  found.forEach((box, index) => (scrolls[index] ? makeFocusable(box) : makePlain(box)));
}

function makePlain(box) {
  for (const name of ['tabindex', 'role', 'aria-label']) box.removeAttribute(name);
}

function makeFocusable(box) {
  box.tabIndex = 0;
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', names.get(box) ?? 'Scrolls sideways');
}
