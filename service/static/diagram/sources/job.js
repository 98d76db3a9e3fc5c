/** The steps of a job, as its explain route answers them. */
import { Problem } from '../../core/api.js';
import { answerCache } from './answer_cache.js';
import { ask } from './ask.js';
import {
  batchQuestion, detailsQuestion, namesQuestion, partQuestion, rowQuestion, smallerQuestions,
} from './job_questions.js';

/**
 * @typedef {object} Training what the page knows of a job's training
 * @property {object} job as GET /v1/jobs/{id} answers it
 * @property {number} steps
 * @property {{step: number, loss: number|null}[]} losses
 * @property {string} [lossNote] what the losses leave out, as a sentence
 * @property {number[]} marks
 * @property {boolean} hasOnlyMarks the dataset is gone
 * @property {{values: object, target?: any}|null} ownRow a row of the person's own
 */

/**
 * Source of a job's steps. Answers are kept in `cache`, which may outlive the source: a training
 * that goes on changes none of them.
 * @param {Training} training
 * @param {{onWait?: (wait: import('./ask.js').Wait|null) => void, cache?: object}} options
 * @returns {import('../answers.js').Source}
 */
export function jobSource(training, { onWait = () => {}, cache = answerCache() } = {}) {
  const { job, steps, losses, lossNote = '', marks, hasOnlyMarks = false, ownRow = null } = training;
  const path = job.links.explain;

  async function answer(question, signal) {
    const kept = cache.get(question);
    if (kept) return kept;
    const found = await ask(path, question, { signal, onWait });
    if (found.inexact_because?.code !== 'not_done') cache.set(question, found);
    return found;
  }

  async function load(clock, { signal } = {}) {
    const question = hasOnlyMarks ? rowQuestion(clock, ownRow) : batchQuestion(clock);
    const { found: batch, limits } = await largest(question, (one) => answer(one, signal));
    const rows = ownRow ?? [clock.row ?? batch.rows.shown[0].number];
    const isRow = clock.mode === 'row';
    const [row, details] = await Promise.all([
      isRow ? largest(rowQuestion(clock, rows), (one) => answer(one, signal)) : null,
      clock.layer === null || clock.unit === null
        ? null : unitDetails(detailsQuestion(clock, rows, hasOnlyMarks), (one) => answer(one, signal)),
    ]);
    const isCut = batch.rows.inputs_left_out > 0 && !hasOnlyMarks;
    const named = row?.found ?? (isCut ? await answer(namesQuestion(clock), signal) : batch);
    return stepAnswers({ job, batch, named, row: row?.found ?? null, details, limits });
  }

  const explain = (clock, part, { signal } = {}) => (
    answer(partQuestion(clock, ownRow ?? [clock.row], part, hasOnlyMarks), signal));

  const key = ownRow ? `${job.id} ${JSON.stringify(ownRow)}` : job.id;
  return { key, steps, losses, lossNote, marks, hasOnlyMarks, isLive: !job.is_terminal, load, explain };
}

/** Answer to a question, or to the largest part of it that fits into an answer. */
async function largest(question, answer) {
  const smaller = smallerQuestions(question);
  for (let one = question, limits = null; ; one = smaller.shift()) {
    try {
      return { found: await answer(one), limits };
    } catch (problem) {
      const isTooLarge = problem instanceof Problem && problem.code === 'answer_too_large';
      if (!isTooLarge || smaller.length === 0) throw problem;
      limits = smaller[0];
    }
  }
}

/** Details of the selected unit; null for a unit that the network does not have. */
async function unitDetails(question, answer) {
  try {
    return (await largest(question, answer)).found;
  } catch (problem) {
    const isUnknown = problem instanceof Problem && problem.status === 422
      && problem.errors.some(({ pointer }) => /^\/(layers|units)/.test(pointer));
    if (isUnknown) return null;
    throw problem;
  }
}

function stepAnswers({ job, batch, named, row, details, limits }) {
  return {
    step: batch.at.step,
    at: batch.at,
    origin: batch.origin,
    exact: batch.exact,
    inexactBecause: batch.inexact_because,
    rows: { ...batch.rows, inputs: named.rows.inputs, inputs_left_out: named.rows.inputs_left_out },
    outputs: batch.outputs,
    lossName: job.spec?.loss.type ?? '',
    batch: batch.explanation,
    row: row?.explanation ?? null,
    rowShown: row?.rows.shown[0] ?? null,
    details: details?.explanation ?? null,
    limits,
  };
}
