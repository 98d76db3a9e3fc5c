/** Metrics of jobs: their names in words, and the one that stands for a job. */
import { long, short } from '../../core/numbers.js';

const WORDS = {
  r2: 'R²', mse: 'MSE', rmse: 'RMSE', mae: 'MAE', mape: 'MAPE', f1: 'F1', f1_per_class: 'F1 per class',
  roc_auc: 'ROC AUC', pr_auc: 'PR AUC', matthews: 'Matthews correlation',
  top_2_accuracy: 'top-2 accuracy', top_3_accuracy: 'top-3 accuracy', top_5_accuracy: 'top-5 accuracy',
};
const VALIDATION = 'validation_';
const FIRST = ['accuracy', 'balanced_accuracy', 'r2'];

/** Name of a metric in words, in the middle of a sentence: `validation accuracy`. */
export function metricWords(name) {
  const [, part = '', plain] = /^(validation_|training_|test_)?(.*)$/.exec(name);
  return `${part.replace('_', ' ')}${WORDS[plain] ?? plain.replaceAll('_', ' ')}`;
}

/** Text with an upper-case first letter. */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Metrics of the weights that a job has, or had last: those of its best epoch if it keeps that one. */
export function keptMetrics(job) {
  const { latest, best } = job.metrics;
  return job.spec.early_stopping?.restore_best && job.is_terminal ? best ?? latest : latest;
}

/**
 * Metric that stands for a job, validation before training: `{name, value}`, or null before there is one.
 */
export function mainMetric(job) {
  const metrics = keptMetrics(job);
  if (metrics === null) return null;
  const asked = Array.isArray(job.spec.metrics) ? job.spec.metrics : [];
  const plain = [...FIRST.filter((name) => name in metrics), ...asked, 'loss'];
  const names = plain.flatMap((name) => [VALIDATION + name, name]);
  const name = names.find((one) => typeof metrics[one] === 'number');
  return name === undefined ? null : { name, value: metrics[name] };
}

/** Value of a metric with four decimals if it is a share, else with three significant digits. */
export function metricText(name, value) {
  if (typeof value !== 'number') return '–';
  return isShare(name) && Math.abs(value) <= 1 ? value.toFixed(4).replace('-', '−') : short(value);
}

/** Value of a metric for tables. */
export const metricCell = (value) => (typeof value === 'number' ? long(value) : '–');

/** Whether a metric is a share of 1, or like one. */
export const isShare = (name) => /accuracy|r2|precision|recall|f1|auc|matthews|explained/.test(name);
