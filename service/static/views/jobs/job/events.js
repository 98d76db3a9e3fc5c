/** Events of a job: those of the past page by page, new ones as they come, none twice. */
import { get } from '../../../core/api.js';
import { follow } from '../../../core/events.js';
import { batch, signal } from '../../../core/state.js';

const PAGE = 200;

/**
 * @param {string} id
 * @param {(event: {id: number, at: string, level: string, type: string, data: any}) => void} onNew
 */
export function jobEvents(id, onNew) {
  const events = signal([]);
  const hasEarlier = signal(false);
  const problem = signal(null);
  const abort = new AbortController();
  const path = `/v1/jobs/${id}/events`;
  let isFollowing = false;

  async function load() {
    const page = await get(`${path}?limit=${PAGE}&order=desc`, { signal: abort.signal });
    const known = events.peek();
    const found = page.data.reverse().filter((event) => event.id > (known.at(-1)?.id ?? 0));
    batch(() => {
      events.value = [...known, ...found];
      if (known.length === 0) hasEarlier.value = page.has_more;
    });
  }

  async function earlier() {
    try {
      const before = events.peek()[0].id;
      const page = await get(`${path}?limit=${PAGE}&order=desc&after=${before}`, { signal: abort.signal });
      batch(() => { events.value = [...page.data.reverse(), ...events.peek()]; hasEarlier.value = page.has_more; });
    } catch (error) {
      problem.value = error;
    }
  }

  function receive({ data: event }) {
    if (event.id <= (events.peek().at(-1)?.id ?? 0)) return;
    events.value = [...events.peek(), event];
    onNew(event);
  }

  /** Follow the stream behind the last known event, unless it is followed. */
  async function listen() {
    if (isFollowing) return;
    isFollowing = true;
    try {
      const last = events.peek().at(-1)?.id ?? null;
      await follow(path, {
        onEvent: receive, signal: abort.signal, lastEventId: last === null ? null : String(last) });
    } catch (error) {
      problem.value = error;
    } finally {
      isFollowing = false;
    }
  }

  return { events, hasEarlier, problem, load, earlier, listen, close: () => abort.abort() };
}
