/** Jobs of the list, kept up to date without moving them. */
import { connection, get } from '../../../core/api.js';
import { batch, effect, signal } from '../../../core/state.js';
import { isLive, LIVE_STATUSES } from '../words.js';

const PAGE = 25;
const TICK_MS = 2000;
const NEWEST = 10;
const MOST_FOLLOWED = 20;
const STATUSES = { all: [], live: LIVE_STATUSES, failed: ['failed'] };

/**
 * Jobs that a filter selects. New ones are held back in `newer` until `showNewer`, and those that
 * leave the filter stay where they are with their new state.
 * @param {() => {show: string, name: string, dataset: string}} readFilter reads signals
 */
export function jobList(readFilter) {
  const jobs = signal(null);
  const newer = signal([]);
  const next = signal(null);
  const problem = signal(null);
  let filter = readFilter();
  let abort = new AbortController();

  const fetchPage = (limit, after, stop) => get(pathOf(filter, limit, after), { signal: stop });

  async function load() {
    abort.abort();
    abort = new AbortController();
    const { signal: stop } = abort;
    try {
      const page = await fetchPage(PAGE, null, stop);
      batch(() => { jobs.value = page.data; newer.value = []; next.value = page.next; problem.value = null; });
    } catch (error) {
      if (!stop.aborted) problem.value = error;
    }
  }

  async function more() {
    const { signal: stop } = abort;
    try {
      const page = await fetchPage(PAGE, next.peek(), stop);
      const known = new Set(jobs.peek().map(({ id }) => id));
      batch(() => {
        jobs.value = [...jobs.peek(), ...page.data.filter(({ id }) => !known.has(id))];
        next.value = page.next;
        problem.value = null;
      });
    } catch (error) {
      if (!stop.aborted) problem.value = error;
    }
  }

  async function refresh() {
    const { signal: stop } = abort;
    if (jobs.peek() === null || document.hidden || !connection.peek().isOnline) return;
    try {
      const { data } = await fetchPage(NEWEST, null, stop);
      const seen = new Set(data.map(({ id }) => id));
      const others = jobs.peek().filter((job) => isLive(job) && !seen.has(job.id)).slice(0, MOST_FOLLOWED);
      const changed = await Promise.all(others.map(({ id }) => get(`/v1/jobs/${id}`, { signal: stop })));
      if (!stop.aborted) merge([...data, ...changed]);
    } catch {
      // The next round tries again; a lost connection is shown by the header.
    }
  }

  /** Put what has been read in its place; jobs that are not listed yet are held back. */
  function merge(found, { canAdd = true } = {}) {
    const byId = new Map(found.map((job) => [job.id, job]));
    const listed = jobs.peek();
    const known = new Set(listed.map(({ id }) => id));
    batch(() => {
      if (listed.some((job) => isChanged(job, byId.get(job.id)))) {
        jobs.value = listed.map((job) => byId.get(job.id) ?? job);
      }
      if (!canAdd) return;
      const held = found.filter(({ id }) => !known.has(id) && (listed.length === 0 || id > listed[0].id));
      if (listed.length === 0) jobs.value = held;
      else if (held.length !== newer.peek().length) newer.value = held;
    });
  }

  const timer = setInterval(refresh, TICK_MS);
  const stop = effect(() => { filter = readFilter(); load(); });
  return {
    jobs, newer, next, problem, load, more,
    showNewer: () => batch(() => { jobs.value = [...newer.peek(), ...jobs.peek()]; newer.value = []; }),
    /** Take over the state of a job that something else has read. */
    put: (job) => { if (jobs.peek() !== null) merge([job], { canAdd: false }); },
    close: () => { clearInterval(timer); stop(); abort.abort(); },
  };
}

function pathOf({ show, name, dataset }, limit, after) {
  const query = new URLSearchParams({ limit });
  for (const status of STATUSES[show] ?? []) query.append('status', status);
  if (name) query.set('name', name);
  if (dataset) query.set('dataset_id', dataset);
  if (after) query.set('after', after);
  return `/v1/jobs?${query}`;
}

const isChanged = (job, found) => found !== undefined && JSON.stringify([
  job.status, job.progress, job.metrics.latest, job.name]) !== JSON.stringify([
  found.status, found.progress, found.metrics.latest, found.name]);
