/** Modules that are loaded when they are first needed. */
import { isUnreachable } from './api.js';
import { signal } from './state.js';

/**
 * Reader of a module: null until it is loaded. Its signal renders the view again then.
 * @param {() => Promise<object>} load such as `() => import('./twin.js')`
 * @returns {{(): object|null, loaded: () => Promise<object|null>}} `loaded` waits for the module;
 *   null if it cannot be loaded
 */
export function lazy(load) {
  const module = signal(null);
  let asked = null;
  const loaded = () => {
    asked ??= load().then((found) => { module.value = found; return found; }, (error) => {
      asked = null;
      // The next call tries again.
      if (!isUnreachable(error)) console.error(error);
      return null;
    });
    return asked;
  };
  return Object.assign(() => { loaded(); return module.value; }, { loaded });
}
