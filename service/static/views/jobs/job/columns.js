/** Columns of numbers per epoch, read page by page as CSV: one tenth of the size of JSON. */
import { send } from '../../../core/api.js';
import { batch, signal } from '../../../core/state.js';

const PAGE = 10_000;
const MOST_EPOCHS = 200_000;

/**
 * Growing columns of a paged route: `read()` reads what is new, `restart()` everything again.
 * @param {string} path
 * @param {(columns: Record<string, any[]>, row: Record<string, string>) => void} add puts a row of the
 *   CSV into the columns; `columns.epoch` holds the epochs
 */
export function epochColumns(path, add) {
  const columns = signal({ epoch: [] });
  const isLoading = signal(false);
  const isCut = signal(false);
  const problem = signal(null);
  const abort = new AbortController();
  let running = Promise.resolve();
  let after = -1;
  let isWaiting = false;

  async function readAll() {
    isWaiting = false;
    try {
      isLoading.value = columns.peek().epoch.length === 0;
      for (let isMore = true; isMore;) isMore = await readPage();
      problem.value = null;
    } catch (error) {
      if (!abort.signal.aborted) problem.value = error;
    } finally {
      isLoading.value = false;
    }
  }

  async function readPage() {
    const present = columns.peek();
    if (present.epoch.length >= MOST_EPOCHS) return cut();
    const { data, headers } = await send('GET', `${path}?limit=${PAGE}&after=${after}`, {
      headers: { Accept: 'text/csv' }, signal: abort.signal });
    const rows = parseCsv(data);
    if (columns.peek() !== present) return true;
    for (const row of rows) add(present, row);
    if (rows.length) batch(() => { columns.value = { ...present }; });
    const next = headers.get('Backpropd-Next');
    after = Number(next ?? present.epoch.at(-1) ?? -1);
    return next !== null;
  }

  function cut() {
    isCut.value = true;
    return false;
  }

  /** Read what is new. Calls that come meanwhile share one more reading. */
  function read() {
    if (isWaiting) return running;
    isWaiting = true;
    running = running.then(readAll);
    return running;
  }

  return {
    columns, isLoading, isCut, problem, read,
    restart() {
      after = -1;
      batch(() => { columns.value = { epoch: [] }; isCut.value = false; });
      return read();
    },
    close: () => abort.abort(),
  };
}

/** Rows of a CSV whose cells are numbers and names without quotes. */
export function parseCsv(text) {
  const [head, ...lines] = text.trimEnd().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((name, index) => [name, cells[index]]));
  });
}

/** Number of a cell, null if it is empty. */
export const numberOf = (cell) => (cell === '' || cell === undefined ? null : Number(cell));

/** Columns of `GET /v1/jobs/{id}/losses`: one per name of the CSV. */
export function addLosses(columns, row) {
  const { length } = columns.epoch;
  for (const [name, cell] of Object.entries(row)) {
    const column = columns[name] ??= Array(length).fill(null);
    column.push(numberOf(cell));
  }
  for (const column of Object.values(columns)) if (column.length === length) column.push(null);
}

/** Statistics of `GET /v1/jobs/{id}/diagnostics`: `columns.layers` is a map of columns per layer. */
export function addLayers(columns, { epoch, layer, ...statistics }) {
  columns.layers ??= new Map();
  if (columns.epoch.at(-1) !== Number(epoch)) columns.epoch.push(Number(epoch));
  const length = columns.epoch.length - 1;
  if (!columns.layers.has(layer)) columns.layers.set(layer, {});
  const own = columns.layers.get(layer);
  for (const [name, cell] of Object.entries(statistics)) {
    const column = own[name] ??= [];
    while (column.length < length) column.push(null);
    column.push(numberOf(cell));
  }
}
