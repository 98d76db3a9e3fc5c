/** Context of the form's fields: values, errors, defaults, and ways to change them. */
import { signal } from '../../core/state.js';
import { change } from './draft.js';
import { addedLayers, LAYERS, shownLayers, withLayers } from './layer_list.js';
import { isContainer, isSame, pathOf, pointerOf, valueAt, withoutValue, withValue } from './pointers.js';

/**
 * @param {{draft: object, checking: object, document: object}} parts
 * @param {{lists: Record<string, string>, columns: () => string[]}} choices ids of lists of choices
 *   by a field's name, and the names of the table's columns
 * @returns {object} form; a `path` is that of a value in the request
 */
export function makeForm({ draft, checking, document }, { lists, columns }) {
  const resolved = () => checking.valid.value?.answer.spec ?? null;
  const request = () => requestWithLayers(draft.spec.value, resolved(), document);
  return {
    draft,
    checking,
    document,
    lists,
    columns,
    /** Text that is being typed where it differs from the value's own, by pointer. */
    typing: signal(null),
    valueAt: (path) => valueAt(request(), path),
    /** Value that the service fills in where the request leaves it open; undefined if unknown. */
    resolvedAt: (path) => valueAt(resolved(), resolvedPath(path, request(), resolved())),
    /** Errors of a value and of the values within it that have no field of their own. */
    errorsAt: (path, { isWhole = true } = {}) => errorsAt(checking, draft, pointerOf(path), isWhole),
    /** Set a value, or leave it open with undefined; with a sentence, it can be undone. */
    set: (path, value, sentence) => change(draft, (spec) => withSet(spec, path, value, resolved(), document), sentence),
    setAll: (paths, value) => change(draft, (spec) => (
      paths.reduce((changed, path) => withSet(changed, path, value, resolved(), document), spec))),
    /** Ids of the groups that were opened because something in them was wrong: they stay open. */
    opened: new Set(),
  };
}

/** Layers that are the default are changed as a whole: they become the request's own. */
function requestWithLayers(spec, resolved, document) {
  const { layers, isDefault } = shownLayers(spec, resolved, document);
  return isDefault ? withValue(isContainer(spec) ? spec : {}, LAYERS, layers) : spec;
}

function withSet(spec, path, value, resolved, document) {
  const isInLayers = path.length > 2 && LAYERS.every((token, index) => path[index] === token);
  const base = isInLayers ? withLayers(spec, resolved, document, (layers) => layers) : spec;
  if (isSame(valueAt(base, path), value)) return base;
  return value === undefined ? withoutEmpty(withoutValue(base, path), path.slice(0, -1)) : inOrder(base, path, value, document);
}

/** Objects that were left empty go, unless they mean something: a block, a list's item. */
function withoutEmpty(spec, path) {
  const value = valueAt(spec, path);
  const isEmpty = path.length && isContainer(value) && !Array.isArray(value) && !Object.keys(value).length;
  const isPlain = ['preprocessing', 'network', 'output', 'columns'].includes(path.at(-1)) || path.at(-2) === 'columns';
  return isEmpty && isPlain ? withoutEmpty(withoutValue(spec, path), path.slice(0, -1)) : spec;
}

/** A new member of the request stands where the schema has it, with the name first. */
function inOrder(spec, path, value, document) {
  const next = withValue(spec, path, value);
  const [name] = path;
  if (isContainer(spec) && Object.hasOwn(spec, name)) return next;
  const order = ['dataset_id', 'name', ...Object.keys(document.components.schemas.JobRequest.properties)];
  const rank = (member) => (order.includes(member) ? order.indexOf(member) : order.length);
  const members = Object.entries(next).filter(([member]) => member !== name);
  const at = members.findIndex(([member]) => rank(member) > rank(name));
  members.splice(at < 0 ? members.length : at, 0, [name, next[name]]);
  return Object.fromEntries(members);
}

function resolvedPath(path, request, resolved) {
  if (path.length < 3 || !LAYERS.every((token, index) => path[index] === token)) return path;
  const added = addedLayers(valueAt(request, LAYERS) ?? [], resolved);
  return path.map((token, index) => (index === 2 ? String(Number(token) + added) : token));
}

function errorsAt(checking, draft, pointer, isWhole) {
  const { findings, spec } = checking.latest.value;
  if (!spec || draft.spec.value?.dataset_id === undefined) return [];
  return findings.filter((finding) => finding.level === 'error' && (finding.pointer === pointer
    || (isWhole && finding.pointer.startsWith(`${pointer}/`))));
}

/** Id of the element of a value. */
export const idOf = (path) => `at${encodeURIComponent(pointerOf(path).replace(/[\ud800-\udfff]/gu, ''))}`;

/** Element of the value that a pointer names, or of the nearest value around it. */
export function elementOf(pointer) {
  for (let path = pathOf(pointer); path.length; path = path.slice(0, -1)) {
    const element = window.document.getElementById(idOf(path));
    if (element) return { element, isExact: pointerOf(path) === pointer };
  }
  return { element: null, isExact: false };
}
