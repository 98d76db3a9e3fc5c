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
 * Source of a recorded training, such as `xor`.
 * @param {string} name
 * @returns {Promise<import('../answers.js').Source>}
 */
export async function recordedSource(name, { signal } = {}) {
  const index = await readRecorded(`${name}/index.json`, { signal });
  const files = new Map();
  const read = (step) => {
    if (!files.has(step)) {
      const file = readRecorded(`${name}/step-${String(step).padStart(3, '0')}.json`);
      files.set(step, file);
      file.catch(() => files.delete(step));
    }
    return files.get(step);
  };
  return {
    key: index.key,
    steps: index.losses.length,
    losses: index.losses.map((loss, step) => ({ step, loss })),
    marks: index.marks,
    hasOnlyMarks: true,
    isLive: false,
    load: async (clock) => {
      const step = nearest(index.marks, clock.step);
      return stepAnswers(index, step, await read(step), clock);
    },
  };
}

/** The value of an ordered list that is nearest to a number. */
export const nearest = (values, wanted) => values.reduce((best, value) => (
  Math.abs(value - wanted) < Math.abs(best - wanted) ? value : best));

function stepAnswers(index, step, { batch, rows }, clock) {
  const shown = index.rows.shown;
  const place = Math.max(0, shown.findIndex(({ number }) => number === clock.row));
  const row = clock.mode === 'row' ? rows[place] : null;
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
    rowShown: row ? shown[place] : null,
    details: showsRow(clock) && row ? row : batch,
  };
}
