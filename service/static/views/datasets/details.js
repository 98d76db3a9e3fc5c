/** Distributions of the columns, loaded when their cards are seen. */
import { get } from '../../core/api.js';
import { nothing, ref } from '../../core/dom.js';
import { signal } from '../../core/state.js';

const AT_ONCE = 4;

/**
 * @param {string} path address of the dataset
 * @returns {{of: (column: object) => object|null, watch: (column: object) => any, close: () => void}}
 *   `of` is the answer of the column's route or `{problem}`, null until it is there
 */
export function openDetails(path) {
  const found = signal(new Map());
  const abort = new AbortController();
  const asked = new Set();
  const waiting = [];
  const watchers = new Map();
  const names = new WeakMap();
  let running = 0;

  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) ask(names.get(target));
  }, { rootMargin: '100px' });

  function ask(name) {
    if (asked.has(name)) return;
    asked.add(name);
    waiting.push(name);
    next();
  }

  async function next() {
    if (running >= AT_ONCE || !waiting.length || abort.signal.aborted) return;
    running += 1;
    const name = waiting.shift();
    let detail;
    try {
      detail = await get(`${path}/columns/${encodeURIComponent(name)}`, { signal: abort.signal });
    } catch (problem) {
      detail = { problem };
    }
    running -= 1;
    if (abort.signal.aborted) return;
    found.value = new Map(found.peek()).set(name, detail);
    next();
  }

  function watch({ name, kind }) {
    if (kind !== 'numeric' && kind !== 'time') return nothing;
    if (!watchers.has(name)) watchers.set(name, watcher(name));
    return ref(watchers.get(name));
  }

  function watcher(name) {
    let last = null;
    return (element) => {
      if (last) observer.unobserve(last);
      last = element ?? null;
      if (element) { names.set(element, name); observer.observe(element); }
    };
  }

  function close() {
    abort.abort();
    observer.disconnect();
  }

  return { of: ({ name }) => found.value.get(name) ?? null, watch, close };
}
