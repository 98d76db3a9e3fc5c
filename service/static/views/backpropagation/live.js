/** News of a job that is still training: at most four times per second. */
import { get } from '../../core/api.js';
import { follow } from '../../core/events.js';

const EVERY_MS = 250;
const COMMANDS = new Set(['claimed', 'pausing', 'paused', 'resumed', 'cancelling', 'rescued']);
const ENDS = new Set(['succeeded', 'failed', 'cancelled']);

/**
 * Follow a job until it ends or `signal` aborts.
 * @param {object} job
 * @param {{onEpoch: (epoch: number) => void, onJob: (job: object) => void, signal: AbortSignal}} options
 *   `onEpoch` gets the newest finished epoch, `onJob` the job after a change of its status
 */
export async function followJob(job, { onEpoch, onJob, signal }) {
  const { data } = await get(`${job.links.events}?limit=1&order=desc`, { signal });
  const report = throttled(onEpoch, EVERY_MS, signal);
  const refresh = () => get(job.links.self, { signal }).then(onJob, () => {});
  let hasEpochs = false;
  await follow(job.links.events, {
    signal,
    lastEventId: data.length ? String(data[0].id) : null,
    onEvent: ({ type, data: event }) => {
      if (type === 'epoch') report(event.data.epoch);
      // The numbers of rows, and so of steps per epoch, are known once the data are prepared.
      const isFirst = type === 'epoch' && !hasEpochs;
      hasEpochs ||= isFirst;
      if (isFirst || COMMANDS.has(type) || ENDS.has(type)) refresh();
    },
  });
  await refresh();
}

/** Function that is called at most once per interval, with the last value. */
export function throttled(call, interval, signal) {
  let timer = null;
  let last;
  let calledAt = -Infinity;
  const run = () => { timer = null; calledAt = performance.now(); call(last); };
  signal?.addEventListener('abort', () => clearTimeout(timer), { once: true });
  return (value) => {
    last = value;
    if (timer !== null || signal?.aborted) return;
    const rest = calledAt + interval - performance.now();
    if (rest <= 0) run();
    else timer = setTimeout(run, rest);
  };
}
