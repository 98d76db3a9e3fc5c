/** Data that a section loads: the last answer stays until the next one is there. */
import { resource } from '../../core/resource.js';
import { untracked } from '../../core/state.js';

const MOST_KEPT = 20;
const owners = new WeakMap();

/**
 * Answer to a question, loaded once the question changes.
 * @param {object} owner whose answers they are, such as a source
 * @param {string} section name of the section that asks
 * @param {string} key of the question
 * @param {(signal: AbortSignal) => Promise<any>} load
 * @returns {{value: any, problem: Error|null, isLoading: boolean, reload: () => void}}
 */
export function loaded(owner, section, key, load) {
  if (!owners.has(owner)) owners.set(owner, new Map());
  const sections = owners.get(owner);
  if (!sections.has(section)) sections.set(section, { key: null, kept: new Map(), resource: null });
  const state = sections.get(section);
  if (state.key !== key) {
    state.key = key;
    untracked(() => restart(state, (signal) => once(state.kept, key, () => load(signal))));
  }
  return state.resource;
}

function restart(state, load) {
  if (state.resource) state.resource.reload(load);
  else state.resource = resource(load);
}

async function once(kept, key, load) {
  if (!kept.has(key)) {
    const answer = await load();
    kept.set(key, answer);
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  }
  return kept.get(key);
}
