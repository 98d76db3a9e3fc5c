/** JSON Patch (RFC 6902) with the operations of fixes: add, replace and remove. */

/** The document after the patch; the given one stays as it is. */
export const applyPatch = (document, patch) => patch.reduce(applyOne, document);

function applyOne(document, { op, path, value }) {
  return setAt(document, path.split('/').slice(1).map(unescape), op, value);
}

function setAt(node, [key, ...rest], op, value) {
  if (key === undefined) return value;
  const copy = Array.isArray(node) ? [...node] : { ...node };
  const index = Array.isArray(copy) && key === '-' ? copy.length : key;
  if (rest.length) copy[index] = setAt(copy[index], rest, op, value);
  else if (op === 'remove') removeFrom(copy, index);
  else if (op === 'add' && Array.isArray(copy)) copy.splice(Number(index), 0, value);
  else copy[index] = value;
  return copy;
}

function removeFrom(copy, key) {
  if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
}

const unescape = (key) => key.replaceAll('~1', '/').replaceAll('~0', '~');
