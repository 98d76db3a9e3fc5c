/** Events of a job in words. */
import { count, exact, short } from '../../../core/numbers.js';
import { mainMetric, metricText, metricWords } from '../metrics.js';
import { shortId } from '../../../parts/job_name.js';
import { plural } from '../words.js';

const WORDS = {
  created: () => 'Queued',
  claimed: ({ worker, attempt }) => `Claimed by worker ${worker}, attempt ${attempt}`,
  epoch: (data) => `${data.first < data.epoch ? `Epochs ${count(data.first)} to ${count(data.epoch)}` : `Epoch ${count(data.epoch)}`}: ${lossWords(data)}`,
  improved: ({ epoch, metrics }) => `Best so far: ${bestWords(metrics)}, epoch ${count(epoch)}`,
  fold: ({ folds_done: done, epoch, steps }) => `${count(done)} ${plural(done, 'fold')} done, ${
    count(epoch)} epochs of the current one, ${count(steps)} steps in all`,
  checkpoint: ({ epoch, steps }) => `Checkpoint after step ${count(steps)}, ${count(epoch)} ${plural(epoch, 'epoch')}`,
  pausing: ({ reason }) => `Pause requested${because(reason)}`,
  paused: ({ epoch, steps }) => `Paused after step ${count(steps)}, ${count(epoch)} ${plural(epoch, 'epoch')}`,
  resumed: () => 'Queued again',
  stalled: ({ worker }) => `Worker ${worker} no longer reports`,
  rescued: ({ worker, attempt }) => `Worker ${worker} continues from the last checkpoint, attempt ${attempt}`,
  inexact: () => 'Continued in another environment: the result may differ in its last bits',
  finding: ({ detail }) => detail,
  restored: ({ epoch, step, layer, old_rate: old, new_rate: rate, number, tries }) => (
    `Diverged in epoch ${count(epoch)}, step ${count(step)}${layer ? ` (${layer})` : ''}. Restored, learning rate ${
      short(old)} → ${short(rate)}, try ${number} of ${tries}`),
  cancelling: ({ reason }) => `Cancellation requested${because(reason)}`,
  diverged: ({ epoch, step, layer, last_loss: last }) => (
    `Diverged in epoch ${count(epoch)}, step ${count(step)}${layer ? ` (${layer})` : ''}${
      typeof last === 'number' ? `; the last loss was ${short(last)}` : ''}`),
  succeeded: ({ reason, model_id: model }) => `Succeeded${because(reason === 'completed' ? null : reason)}${stored(model)}`,
  failed: ({ message, reason }) => `Failed: ${reason === 'diverged' || !message ? reason.replaceAll('_', ' ') : message}`,
  cancelled: ({ reason, model_id: model }) => `Cancelled${because(reason)}${stored(model)}`,
  retried: ({ from }) => (from === 'start' ? 'Retried from the start' : 'Retried from the last checkpoint'),
};

/** An event in words; of an unknown type, its name. */
export function eventWords({ type, data }) {
  return WORDS[type]?.(data) ?? type.replaceAll('_', ' ');
}

/**
 * Events, those of a running training that follow each other as one line per type: the newest of the
 * type, at the place of the first. A line of epochs has the first epoch of all. Other events part them.
 */
export function grouped(events) {
  const found = [];
  for (const event of events) {
    const place = runningIndex(found, event.type);
    const first = event.type === 'epoch' ? firstEpoch(event, found[place]) : undefined;
    const merged = { ...event, key: found[place]?.key ?? event.id, data: { ...event.data, first } };
    if (place === -1) found.push(merged);
    else found[place] = merged;
  }
  return found;
}

const RUNNING = ['epoch', 'improved', 'fold', 'checkpoint'];

/** Index of the group at the end of the list that an event of a type belongs to, or -1. */
function runningIndex(found, type) {
  if (!RUNNING.includes(type)) return -1;
  for (let index = found.length - 1; index >= 0 && RUNNING.includes(found[index].type); index -= 1) {
    if (found[index].type === type) return index;
  }
  return -1;
}

function firstEpoch({ data: { epoch, epochs } }, group) {
  const first = epoch - (epochs ?? 1) + 1;
  return group ? Math.min(first, group.data.first) : first;
}

const lossWords = ({ loss, validation_loss: validation }) => [
  `loss ${short(loss)}`, ...(typeof validation === 'number' ? [`validation loss ${short(validation)}`] : []),
].join(', ');

function bestWords(metrics) {
  const main = mainMetric({ is_terminal: false, spec: {}, metrics: { latest: metrics, best: metrics } });
  const loss = metrics.validation_loss ?? metrics.loss;
  const name = 'validation_loss' in metrics ? 'validation_loss' : 'loss';
  const shown = [[name, loss], ...(main && main.name !== name ? [[main.name, main.value]] : [])];
  return shown.map(([one, value]) => `${metricWords(one)} ${metricText(one, value)}`).join(', ');
}

const because = (reason) => (reason ? `, ${reason === 'user' ? 'by request' : reason.replaceAll('_', ' ')}` : '');
const stored = (model) => (model ? `: model ${shortId(model)} stored` : '');

/** Text of everything that an event holds, for its title. */
export const eventTitle = ({ data }) => Object.entries(data)
  .filter(([, value]) => ['string', 'number'].includes(typeof value))
  .map(([name, value]) => `${name}: ${typeof value === 'number' ? exact(value) : value}`).join('\n');
