/** Address of the page: `#/view/id?name=value`. */
import { signal } from './state.js';

/** View, id of the thing that it shows or null, and parameters. */
export const route = signal(read());

/** Address of a view, for links. Parameters that are null or undefined are left out. */
export function href(view, id = null, params = {}) {
  const kept = Object.entries(params).filter(([, value]) => value !== null && value !== undefined);
  const query = kept.length ? `?${new URLSearchParams(kept)}` : '';
  return `#/${view}${id === null ? '' : `/${encodeURIComponent(id)}`}${query}`;
}

/** Go to a view. With `replace`, the present entry of the browser's history is replaced. */
export function go(view, id = null, params = {}, { replace = false } = {}) {
  const target = href(view, id, params);
  if (target === location.hash) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', target);
  route.value = read();
}

/** Whether text can be an id: others, such as `..`, would change the path of a request. */
export const isId = (text) => /^[\w-]+$/.test(text);

function read() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [view, id] = path.split('/');
  return {
    view: view || 'start',
    id: id ? decode(id) : null,
    params: Object.fromEntries(new URLSearchParams(query)),
  };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const update = () => { route.value = read(); };
addEventListener('hashchange', update);
addEventListener('popstate', update);
