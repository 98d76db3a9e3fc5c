/** States of jobs in words. */
import { count, duration } from '../../core/numbers.js';

const REASONS = {
  completed: 'completed',
  early_stopping: 'stopped early',
  target_value: 'reached its target value',
  time_budget: 'reached its time limit',
  finding: 'stopped by a finding',
  diverged: 'diverged',
  user: 'by request',
  worker_lost: 'its worker was lost',
  out_of_memory: 'out of memory',
  invalid_data: 'invalid data',
  internal: 'internal error',
};
const WHAT_TO_DO = {
  diverged: 'Lower the learning rate, clip the gradients or scale the columns, and train again.',
  worker_lost: 'Its worker ended without a word, often for want of memory. Retry, or use a smaller batch or network.',
  out_of_memory: 'Use a smaller batch or network, or retry on a worker with more memory.',
  invalid_data: 'Correct the table or the columns that are used, and train again.',
  internal: 'This is a defect of the service. Retry; the worker\'s log has the details.',
};
const LIVE = new Set(['queued', 'running', 'pausing', 'paused', 'cancelling']);

/** Statuses of jobs that have not ended. */
export const LIVE_STATUSES = [...LIVE];

/** Whether a job has not ended. */
export const isLive = ({ status }) => LIVE.has(status);

/** Why a job has its status, in words, or an empty text. */
export const reasonWords = ({ status_reason: reason }) => (
  reason === null ? '' : REASONS[reason] ?? reason.replaceAll('_', ' '));

/** Advice about a failure. */
export const adviceFor = ({ error }) => WHAT_TO_DO[error?.code] ?? 'Retry, or train again with other values.';

/** Line below a job's name: `running, 31 of 60 epochs, about 40 s left`. */
export function stateLine(job) {
  const { status, progress, timings } = job;
  const done = `${count(progress.epoch)} ${plural(progress.epoch, 'epoch')}`;
  if (status === 'queued') return progress.steps ? `queued, ${epochsWords(job)}` : 'queued';
  if (status === 'succeeded') {
    const how = job.status_reason === 'completed' ? '' : `, ${reasonWords(job)}`;
    return `succeeded${how}, ${done} in ${duration(timings.training ?? 0)}`;
  }
  if (status === 'failed') {
    const epoch = job.error?.data?.epoch;
    return `failed, ${reasonWords(job)}${typeof epoch === 'number' ? ` in epoch ${count(epoch)}` : ''}`;
  }
  if (status === 'running') return ['running', epochsWords(job), leftWords(job)].filter(Boolean).join(', ');
  return `${status}, ${epochsWords(job)}`;
}

/** Epochs that are done: `31 of 60 epochs`, with the fold that is trained. */
export function epochsWords({ progress: { epoch, epochs, fold, folds } }) {
  const all = epochs === null ? `${count(epoch)} epochs` : `${count(epoch)} of ${count(epochs)} epochs`;
  return fold === null ? all : `fold ${fold + 1} of ${folds}, ${all}`;
}

/** Time that a running job still takes, as estimated: `about 40 s left`. */
export const leftWords = ({ status, progress: { eta_seconds: left } }) => (
  status !== 'running' || left === null ? '' : `about ${roughly(left)} left`);

/** Duration without digits that an estimate does not have. */
function roughly(seconds) {
  const unit = seconds >= 36_000 ? 3600 : seconds >= 600 ? 60 : seconds >= 60 ? 10 : 1;
  const rounded = Math.max(1, Math.round(seconds / unit)) * unit;
  return duration(rounded < 10 ? Math.ceil(rounded) : rounded).replace(/ 0 (s|min)$/, '').replace(/\.0 s$/, ' s');
}

/** Word in the plural unless there is one. */
export const plural = (number, word) => (number === 1 ? word : `${word}s`);
