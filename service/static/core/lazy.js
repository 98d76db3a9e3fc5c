/** Modules that are loaded when they are first needed. */
import { signal } from './state.js';

/**
 * Reader of a module: null until it is loaded. Its signal renders the view again then.
 * @param {() => Promise<object>} load such as `() => import('./twin.js')`
 */
export function lazy(load) {
  const loaded = signal(null);
  let isAsked = false;
  return () => {
    if (!isAsked) {
      isAsked = true;
      load().then((module) => { loaded.value = module; }, (error) => {
        isAsked = false;
        console.error(error);
      });
    }
    return loaded.value;
  };
}
