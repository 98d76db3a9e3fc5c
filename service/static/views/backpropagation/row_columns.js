/** Columns that a row of one's own has, and what is typed for them. */

const MOST_FIELDS = 60;
const NUMBERS = new Set(['numeric']);

/**
 * @typedef {object} RowColumn
 * @property {string} name
 * @property {string|null} kind as in the dataset; null if the table was deleted
 * @property {(string|number|boolean)[]} values suggestions: the classes, or the commonest values
 * @property {boolean} isTarget
 */

/**
 * Columns of a row of one's own: features, then targets.
 * @param {{job: object, dataset: object|null}} training
 * @returns {RowColumn[]}
 */
export function rowColumns({ job, dataset }) {
  const { features, target, task } = job.spec;
  const targets = task === 'reconstruction' ? [] : [target].flat().filter(Boolean);
  const known = new Map((dataset?.columns ?? []).map((column) => [column.name, column]));
  const column = (name, isTarget) => ({
    name,
    isTarget,
    kind: known.get(name)?.kind ?? null,
    values: (isTarget ? classesOf(job, name) : null)
      ?? (known.get(name)?.top_values ?? []).map(({ value }) => value),
  });
  return [...features.map((name) => column(name, false)), ...targets.map((name) => column(name, true))];
}

const classesOf = ({ classes }, target) => (Array.isArray(classes) ? classes : classes?.[target]);

/** Whether the columns have a field each, rather than one for all of them. */
export const hasFields = (columns) => columns.length <= MOST_FIELDS;

/**
 * Row as the request has it, from the texts of the fields. What is left empty is left out.
 * @param {RowColumn[]} columns
 * @param {Map<string, string>} texts by name
 * @returns {{values: object, target?: any}}
 */
export function rowOf(columns, texts) {
  const values = {};
  const targets = {};
  for (const column of columns) {
    const text = (texts.get(column.name) ?? '').trim();
    if (text !== '') (column.isTarget ? targets : values)[column.name] = valueOf(column, text);
  }
  const names = columns.filter(({ isTarget }) => isTarget).map(({ name }) => name);
  if (names.length === 0) return { values };
  return { values, target: names.length === 1 ? targets[names[0]] ?? null : targets };
}

/** Numbers are sent as numbers; other notations, such as 3,5, as the text that was typed. */
function valueOf({ kind, isTarget, values }, text) {
  const known = isTarget ? values.find((value) => String(value) === text) : undefined;
  if (known !== undefined) return known;
  const isNumber = NUMBERS.has(kind) || (kind === null && !isTarget);
  return isNumber && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Texts of the fields for a row. */
export function textsOf(columns, values = {}) {
  return new Map(columns.map(({ name }) => [name, values[name] ?? ''])
    .map(([name, value]) => [name, value === null ? '' : String(value)]));
}

/** Texts of all columns from one line of them, separated by commas, semicolons or tabs. */
export function textsOfLine(columns, line) {
  const separator = /[\t;]/.exec(line)?.[0] ?? ',';
  const parts = line.split(separator);
  return new Map(columns.map(({ name }, index) => [name, parts[index] ?? '']));
}

/** Problems of a refused row by the name of their column; those of no column are under ''. */
export function problemsByColumn(columns, errors) {
  const found = new Map();
  const only = columns.filter(({ isTarget }) => isTarget);
  for (const { pointer, detail } of errors) {
    const [, field, name] = /^\/rows\/(values|target)(?:\/([^/]*))?/.exec(pointer) ?? [];
    const named = name?.replace(/~1/g, '/').replace(/~0/g, '~');
    const key = named ?? (field === 'target' ? only[0]?.name : undefined);
    found.set(columns.some((one) => one.name === key) ? key : '', detail);
  }
  return found;
}
