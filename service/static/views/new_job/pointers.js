/** JSON pointers (RFC 6901), values at paths, and JSON patches (RFC 6902). Values are never changed. */

/** Path of a pointer: `/a~1b/0` → ['a/b', '0']. */
export const pathOf = (pointer) => (
  pointer.split('/').slice(1).map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')));

/** Pointer of a path. */
export const pointerOf = (path) => (
  path.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));

/** Value at a path; undefined where there is none. */
export const valueAt = (value, path) => (
  path.reduce((found, token) => (isContainer(found) && Object.hasOwn(found, token) ? found[token] : undefined), value));

/** The value with another one at a path; objects on the way are made. */
export function withValue(value, path, next) {
  if (!path.length) return next;
  const [token, ...rest] = path;
  if (Array.isArray(value)) {
    const copy = [...value];
    copy[Number(token)] = withValue(value[Number(token)], rest, next);
    return copy;
  }
  const members = isContainer(value) ? value : {};
  return adopt(value, { ...members, [token]: withValue(valueAt(members, [token]), rest, next) });
}

/** The value without what stands at a path; objects that are left empty stay. */
export function withoutValue(value, path) {
  const [token, ...rest] = path;
  if (!isContainer(value) || !Object.hasOwn(value, token)) return value;
  if (rest.length) return withValue(value, [token], withoutValue(value[token], rest));
  if (Array.isArray(value)) return value.filter((_, index) => index !== Number(token));
  return adopt(value, Object.fromEntries(Object.entries(value).filter(([name]) => name !== token)));
}

/** The value after a JSON patch. Throws if an operation does not fit. */
export const patched = (value, patch) => patch.reduce(applyOperation, value);

function applyOperation(value, { op, path: pointer, from, value: given }) {
  const path = pathOf(pointer);
  if (op === 'remove') return withoutValue(value, path);
  if (op === 'replace') return withValue(value, path, given);
  if (op === 'test') return tested(value, path, given);
  const found = valueAt(value, pathOf(from ?? ''));
  const source = op === 'add' ? given : op === 'copy' ? structuredClone(found) : found;
  return inserted(op === 'move' ? withoutValue(value, pathOf(from)) : value, path, source);
}

function tested(value, path, given) {
  if (!isSame(valueAt(value, path), given)) throw new Error(`${pointerOf(path)} has changed`);
  return value;
}

function inserted(value, path, given) {
  const list = valueAt(value, path.slice(0, -1));
  if (!Array.isArray(list)) return withValue(value, path, given);
  const last = path.at(-1);
  const index = last === '-' ? list.length : Number(last);
  return withValue(value, path.slice(0, -1), [...list.slice(0, index), given, ...list.slice(index)]);
}

const keys = new WeakMap();
let lastKey = 0;

/** Key of an object: it stays when the object is replaced by a changed copy of it. */
export function keyOf(value) {
  if (!isContainer(value)) return `value ${String(value)}`;
  if (!keys.has(value)) keys.set(value, `k${(lastKey += 1)}`);
  return keys.get(value);
}

/** Let a new object have the key of the one that it replaces. */
export function adopt(old, next) {
  if (isContainer(old) && isContainer(next)) keys.set(next, keyOf(old));
  return next;
}

/** Whether two values are the same JSON. */
export function isSame(one, other) {
  if (!isContainer(one) || !isContainer(other)) return one === other;
  const names = Object.keys(one);
  return Array.isArray(one) === Array.isArray(other) && names.length === Object.keys(other).length
    && names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]));
}

/** Whether a value is an object or a list. */
export const isContainer = (value) => value !== null && typeof value === 'object';
