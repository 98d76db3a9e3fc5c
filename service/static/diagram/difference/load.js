/** The answers of two steps for the same layer and, where both have the table, the same row. */
import { get } from '../../core/api.js';
import { showsRow } from '../answers.js';
import { ask } from '../sources/ask.js';
import { firstUnequal } from './compare.js';

const MOST_VALUES = 32_768;
const MOST_UNITS = 100;
const OUTLINE = { max_units: 0, top: 0, max_rows: 0, formulas: 'none', max_inputs: 0 };

/**
 * @typedef {object} Pair
 * @property {object|null} unequal the first layers of unequal shape; null if all are equal
 * @property {object} shown layer of the step that is shown
 * @property {object} other layer of the other step
 * @property {number|null} row that both were asked about; null: each with its own batch
 * @property {number} first index of the first value of the matrix
 * @property {number} leftOut values of the matrix that are not compared here
 */

/**
 * @param {{jobId: string, withId: string, step: number, withStep: number, clock: object,
 *   answers: object, layer: object, part: number}} question
 * @returns {Promise<Pair>}
 */
export async function loadPair(question, signal) {
  const { jobId, withId, withStep, clock, answers, layer } = question;
  const outline = await explain(withId, { step: withStep, ...OUTLINE }, signal);
  const unequal = firstUnequal(answers.batch.layers, outline.explanation.layers);
  if (unequal) return { unequal };
  const row = showsRow(clock) && await hasSameTable(jobId, withId, signal)
    ? answers.rowShown?.number ?? null : null;
  const part = partOf(layer, question.part, row);
  const found = await Promise.all([
    explain(jobId, { step: answers.step, ...fold(clock), ...part }, signal),
    explain(withId, { step: withStep, ...(withId === jobId ? fold(clock) : {}), ...part }, signal),
  ]);
  const [shown, other] = found.map(({ explanation }) => explanation.layers[0]);
  const leftOut = Math.max(0, ...shown.parameters.map((parameter) => parameter.values_left_out ?? 0));
  return { unequal: null, shown, other, row, first: part.first_value, leftOut };
}

const fold = ({ fold: index }) => (index === null ? {} : { fold: index });

const explain = (id, body, signal) => ask(`/v1/jobs/${id}/explain`, body, { signal });

/** Small layers with all parameters, of others a part of the weights. */
function partOf(layer, part, row) {
  const { parameters, name } = layer;
  const sizes = parameters.map(({ shape }) => shape.reduce((all, one) => all * one, 1));
  const isSmall = sizes.reduce((all, one) => all + one, 0) <= MOST_VALUES - 4 * MOST_UNITS;
  const shown = isSmall ? parameters : parameters.filter((one) => one.name.endsWith('.weight'));
  return {
    layers: [name],
    top: 0,
    max_units: isSmall ? MOST_UNITS : 25,
    max_rows: row === null ? 0 : 1,
    ...(row === null ? {} : { rows: [row] }),
    matrices: shown.map((one) => one.name),
    first_value: part * MOST_VALUES,
    formulas: 'none',
  };
}

async function hasSameTable(jobId, withId, signal) {
  if (jobId === withId) return true;
  const [one, other] = await Promise.all(
    [jobId, withId].map((id) => get(`/v1/jobs/${id}`, { signal })));
  return one.spec.dataset_id === other.spec.dataset_id;
}
