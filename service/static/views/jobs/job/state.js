/** One job: its state, curves, events, checkpoints and diagnosis, kept up to date. */
import { connection, get } from '../../../core/api.js';
import { batch, effect, signal } from '../../../core/state.js';
import { addLayers, addLosses, epochColumns } from './columns.js';
import { jobEvents } from './events.js';

const REFRESH_MS = 500;
const RESTARTS = new Set(['rescued', 'restored', 'retried']);
const OF_CHECKPOINTS = new Set(['checkpoint', 'paused', 'succeeded', 'failed', 'cancelled', 'restored']);
const OF_DIAGNOSIS = new Set(['finding', 'diverged', 'restored', 'succeeded', 'failed', 'cancelled']);

/**
 * @param {string} id
 * @param {(job: any) => void} onRead called with each state of the job
 */
export function openJob(id, onRead = () => {}) {
  const path = `/v1/jobs/${id}`;
  const abort = new AbortController();
  const { signal: stop } = abort;
  const job = signal(null);
  const problem = signal(null);
  const readAt = signal(null);
  const checkpoints = signal(null);
  const diagnosis = signal(null);
  const losses = epochColumns(`${path}/losses`, addLosses);
  const layers = epochColumns(`${path}/diagnostics`, addLayers);
  const events = jobEvents(id, onEvent);
  const areLayersWanted = signal(false);
  let timer = null;

  /** Take over a state of the job, such as the answer to a command. */
  function put(found) {
    batch(() => { job.value = found; readAt.value = new Date(); problem.value = null; });
    onRead(found);
    if (!found.is_terminal) events.listen();
  }

  async function readJob() {
    put(await get(path, { signal: stop }));
  }

  const readCheckpoints = async () => {
    checkpoints.value = (await get(`${path}/checkpoints`, { signal: stop })).data;
  };
  const readDiagnosis = async () => {
    diagnosis.value = await get(`${path}/diagnostics?limit=1`, { signal: stop });
  };

  function onEvent({ type }) {
    if (RESTARTS.has(type)) losses.restart();
    if (RESTARTS.has(type) && areLayersWanted.peek()) layers.restart();
    if (OF_CHECKPOINTS.has(type)) quietly(readCheckpoints);
    if (OF_DIAGNOSIS.has(type)) quietly(readDiagnosis);
    timer ??= setTimeout(refresh, REFRESH_MS);
  }

  function refresh() {
    timer = null;
    quietly(readJob);
    losses.read();
    if (areLayersWanted.peek()) layers.read();
  }

  /** Run what a later event repeats: a lost connection is shown by the header. */
  async function quietly(run) {
    try {
      await run();
    } catch (error) {
      if (!stop.aborted && connection.peek().isOnline) problem.value = error;
    }
  }

  async function load() {
    try {
      await events.load();
      await readJob();
      problem.value = null;
      losses.read();
      await Promise.all([readCheckpoints(), readDiagnosis()]);
    } catch (error) {
      if (!stop.aborted) problem.value = error;
    }
  }

  // The stream goes on by itself after a lost connection; the rest is read again here.
  let wasOnline = true;
  const unwatch = effect(() => {
    const { isOnline } = connection.value;
    if (isOnline && !wasOnline) queueMicrotask(job.peek() === null ? load : refresh);
    wasOnline = isOnline;
  });

  load();
  return {
    id, job, problem, readAt, checkpoints, diagnosis, losses, layers, events, put, load,
    /** Read the statistics of layers too, from now on. */
    wantLayers() {
      if (areLayersWanted.peek()) return;
      areLayersWanted.value = true;
      layers.read();
    },
    close() {
      abort.abort();
      clearTimeout(timer);
      unwatch();
      [losses, layers, events].forEach((part) => part.close());
    },
  };
}
