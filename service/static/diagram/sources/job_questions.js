/** Requests to the explain route of a job for a position of the clock. */
import { showsRow } from '../answers.js';

/** Rows of the batch with values of their own: a usual batch is whole. */
const ROWS = 32;
/** Most inputs and outputs that an answer describes: it has 100 of them if it is not asked for more. */
const DESCRIBED = 1000;

/** Limits that are tried in turn if an answer would be too large. */
const SMALLER = [
  { max_units: 12, max_rows: 16, top: 6 },
  { max_units: 4, max_rows: 4, top: 4 },
  { max_units: 1, max_rows: 1, top: 1 },
];

const position = ({ step, fold }) => (fold === null ? { step } : { step, fold });

/** The step as the job did it, with its own batch. */
export const batchQuestion = (clock) => ({
  ...position(clock), formulas: 'none', max_rows: ROWS, max_outputs: DESCRIBED,
});

/** Names of the inputs, without values: those of all rows of a batch would be many. */
export const namesQuestion = (clock) => ({
  ...position(clock), formulas: 'none', max_units: 0, top: 0, max_rows: 0, max_inputs: DESCRIBED,
});

/** One row alone: δ is then that of its own loss. */
export const rowQuestion = (clock, rows) => ({
  ...position(clock), rows, formulas: 'none', max_inputs: DESCRIBED, max_outputs: DESCRIBED,
});

/**
 * Formulas, edges per row and the optimizer's state of the selected unit.
 * @param {import('../../core/clock.js').Clock} clock
 * @param {number[]|object} rows the row that is shown in row mode
 * @param {boolean} isAlone whether the row is asked about without its batch
 */
export const detailsQuestion = (clock, rows, isAlone = false) => ({
  ...position(clock),
  ...(isAlone || showsRow(clock) ? { rows } : { max_rows: ROWS }),
  layers: [clock.layer],
  units: { [clock.layer]: [clock.unit] },
});

/** Another part of a clock's position, such as whole matrices. */
export const partQuestion = (clock, rows, part, isAlone = false) => ({
  ...position(clock), ...(isAlone || showsRow(clock) ? { rows } : {}), ...part,
});

/** The same question with lower limits, from the widest to the narrowest. */
export const smallerQuestions = (question) => SMALLER.map((limits) => ({ ...question, ...limits }));
