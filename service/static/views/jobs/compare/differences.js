/** Differences between the specs of jobs. */

/**
 * Fields of specs that are not equal in all, in the order of the specs.
 * @param {object[]} specs
 * @returns {{path: string, values: (string|null)[]}[]} value per spec, null where it
 *   is null or there is no such field: both mean the same
 */
export function differences(specs) {
  const flat = specs.map((spec) => new Map(leaves(spec)));
  const paths = new Set(flat.flatMap((one) => [...one.keys()]));
  return [...paths]
    .map((path) => ({ path, values: flat.map((one) => one.get(path) ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

/** Fields without fields of their own: lists of names and numbers count as one value. */
function* leaves(value, path = '') {
  const isList = Array.isArray(value) && value.every((one) => one === null || typeof one !== 'object');
  if (value === null || typeof value !== 'object' || isList || Object.keys(value).length === 0) {
    yield [path || '/', value === null ? null : JSON.stringify(value)];
    return;
  }
  for (const [name, part] of Object.entries(value)) yield* leaves(part, `${path}/${name}`);
}
