/** Server-sent events over fetch: unlike EventSource, it can send headers and read problems. */
import { connection, fetchWatched, Problem, url } from './api.js';
import { effect } from './state.js';

const RECONNECT_MS = 1000;

/**
 * Follow a stream of events until it ends or `signal` aborts. After a lost connection it goes on
 * behind the last event that was received, so that no event is missed or doubled.
 * @param {string} path
 * @param {{onEvent: (event: {id: string, type: string, data: any}) => void,
 *   signal: AbortSignal, lastEventId?: string|null}} options
 * @returns {Promise<void>} resolved at the stream's end. Throws Problem.
 */
export async function follow(path, { onEvent, signal, lastEventId = null }) {
  let last = lastEventId;
  const receive = (event) => {
    if (event.id) last = event.id;
    onEvent(event);
  };
  while (!signal.aborted) {
    try {
      const isOver = await readStream(path, last, receive, signal);
      if (isOver) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status < 500) throw error;
    }
    await untilOnline(signal);
    await pause(RECONNECT_MS, signal);
  }
}

async function readStream(path, last, receive, signal) {
  const headers = { Accept: 'text/event-stream', ...(last === null ? {} : { 'Last-Event-ID': last }) };
  const response = await fetchWatched(url(path), { headers, signal });
  if (response.status === 204) return true;
  if (!response.ok) {
    throw new Problem(response.status, await response.json().catch(() => null) ?? {}, response.headers);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parse = eventParser(receive);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    parse(value);
  }
}

/** Parser of a stream of events: call it with each piece of text. */
export function eventParser(receive) {
  let rest = '';
  let event = empty();
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (event.data !== '') receive({ ...event, data: JSON.parse(event.data) });
        event = empty();
      } else {
        addField(event, line);
      }
    }
  };
}

const empty = () => ({ id: '', type: 'message', data: '' });

function addField(event, line) {
  const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
  if (name === 'data') event.data += (event.data === '' ? '' : '\n') + value;
  else if (name === 'id') event.id = value;
  else if (name === 'event') event.type = value;
}

function untilOnline(signal) {
  return new Promise((resolve) => {
    let stop = () => {};
    const check = () => {
      if (!connection.value.isOnline && !signal.aborted) return;
      resolve();
      queueMicrotask(() => stop());
    };
    stop = effect(check);
    signal.addEventListener('abort', resolve, { once: true });
  });
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
