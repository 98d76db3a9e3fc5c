/** The request that is being written: as JSON, as text, and across reloads. */
import { batch, signal } from '../../core/state.js';
import { session } from '../../core/storage.js';
import { formatJson, JsonTextError, parseJson } from './json_text.js';
import { adopt, isContainer } from './pointers.js';

const PREFIX = 'backpropd.new-job.';

/**
 * @param {string} key names the draft in the session's storage
 * @returns {object} `spec`, `text`, `fault` (of the text, or null) and `undo` are signals;
 *   `isNew` is whether nothing was stored
 */
export function openDraft(key) {
  const stored = restore(key);
  const draft = {
    key,
    isNew: stored === null,
    spec: signal(stored?.spec ?? {}),
    text: signal(stored?.text ?? '{}'),
    fault: signal(null),
    undo: signal(null),
    lostText: signal(null),
  };
  if (stored) draft.fault.value = read(draft.text.peek()).fault;
  return draft;
}

/** Change the request by a function; with a sentence, the change can be undone. */
export function change(draft, update, sentence = null) {
  const before = draft.spec.peek();
  const next = update(before);
  if (next === before && !draft.fault.peek()) return;
  batch(() => {
    if (draft.fault.peek()) draft.lostText.value = draft.text.peek();
    draft.undo.value = sentence && { sentence, spec: before };
    draft.spec.value = next;
    draft.text.value = formatJson(next);
    draft.fault.value = null;
  });
  store(draft);
}

/** Take back the change that can be undone. */
export function undo(draft) {
  const { spec } = draft.undo.peek();
  change(draft, () => spec);
}

/** Take text that was typed; the request changes if it is JSON. */
export function type(draft, text) {
  const { value, fault } = read(text);
  batch(() => {
    draft.text.value = text;
    draft.fault.value = fault;
    draft.lostText.value = null;
    if (fault) return;
    draft.undo.value = null;
    draft.spec.value = withKeys(draft.spec.peek(), value);
  });
  store(draft);
}

/** Bring back text that could not be read and was replaced. */
export const bringBack = (draft) => type(draft, draft.lostText.peek());

/** Store the draft under another key. */
export function rename(draft, key) {
  draft.key = key;
  store(draft);
}

/** Forget what was stored. */
export const forget = (draft) => session.remove(PREFIX + draft.key);

function read(text) {
  try {
    return { value: parseJson(text).value, fault: null };
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    return { value: null, fault: error };
  }
}

/** Lists' items keep their keys by position, so that their cards stay where they are. */
function withKeys(old, next) {
  if (!isContainer(old) || !isContainer(next)) return next;
  for (const [name, member] of Object.entries(next)) {
    if (Object.hasOwn(old, name)) withKeys(old[name], member);
  }
  return adopt(old, next);
}

function store(draft) {
  const { text, spec } = draft;
  session.write(PREFIX + draft.key, { text: text.peek(), spec: spec.peek() });
}

function restore(key) {
  const { text, spec } = session.read(PREFIX + key) ?? {};
  return typeof text === 'string' ? { text, spec } : null;
}
