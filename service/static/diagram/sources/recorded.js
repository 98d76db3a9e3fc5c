/** Trainings that were recorded with the engine and come with the page. */
import { fetchWatched } from '../../core/api.js';
import { showsRow } from '../answers.js';

const FOLDER = new URL('../../recorded/', import.meta.url);

/** Data of a recorded file, such as `textbook.json`. */
export async function readRecorded(name, { signal } = {}) {
  const response = await fetchWatched(new URL(name, FOLDER).href, { signal });
  if (!response.ok) throw new Error(`${name} cannot be read`);
  return response.json();
}

/**
 * Source of a recorded training, such as `xor`. The file of the step `first` is read at the same
 * time as the index.
 * @param {string} name
 * @param {{first?: {step: number, row: number}, signal?: AbortSignal}} options
 * @returns {Promise<import('../answers.js').Source>}
 */
export async function recordedSource(name, { first, signal } = {}) {
  const files = new Map();
  const read = (step, part) => {
    const file = `${name}/step-${String(step).padStart(3, '0')}/${part}.json`;
    if (!files.has(file)) {
      files.set(file, readRecorded(file));
      files.get(file).catch(() => files.delete(file));
    }
    return files.get(file);
  };
  if (first) ['batch', `row-${first.row}`].forEach((part) => read(first.step, part));
  const index = await readRecorded(`${name}/index.json`, { signal });
  return {
    key: index.key,
    steps: index.losses.length,
    losses: index.losses.map((loss, step) => ({ step, loss })),
    marks: index.marks,
    hasOnlyMarks: true,
    isLive: false,
    load: async (clock) => {
      const step = nearest(index.marks, clock.step);
      const place = clock.mode === 'row' ? placeOf(index, clock.row) : null;
      const [batch, row, details] = await Promise.all([
        read(step, 'batch'),
        place === null ? null : read(step, `row-${place}`),
        showsRow(clock) ? null : read(step, 'details'),
      ]);
      return stepAnswers(index, step, { batch, row, details: details ?? row, place });
    },
  };
}

/** The value of an ordered list that is nearest to a number. */
export const nearest = (values, wanted) => values.reduce((best, value) => (
  Math.abs(value - wanted) < Math.abs(best - wanted) ? value : best));

/** Position of a row of the dataset in the batch; 0 if it is not in it. */
const placeOf = ({ rows }, wanted) => Math.max(0, rows.shown.findIndex(({ number }) => number === wanted));

function stepAnswers(index, step, { batch, row, details, place }) {
  return {
    step,
    at: { fold: null, step, epoch: step, step_in_epoch: 0, steps_per_epoch: 1, steps: index.losses.length },
    origin: null,
    exact: true,
    inexactBecause: null,
    rows: index.rows,
    outputs: index.outputs,
    lossName: index.loss,
    batch,
    row,
    rowShown: row ? index.rows.shown[place] : null,
    details,
  };
}
