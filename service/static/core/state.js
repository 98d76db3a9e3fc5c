/** Signals of @preact/signals-core. The version of the library is named in this file only. */
export {
  signal, computed, effect, batch, untracked,
} from '../vendor/signals-core-1.14.5/signals-core.module.js';
