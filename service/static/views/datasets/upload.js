/** Resumable upload of a file by the tus protocol: pieces, and where to go on after a break. */
import { connection, Problem, send } from '../../core/api.js';
import { effect, signal } from '../../core/state.js';
import { session } from '../../core/storage.js';

const PIECE_BYTES = 4 * 1024 * 1024;
const LONGEST_CONFLICTS = 3;
const BUSY = [429, 500, 502, 503, 504];
const MOST_TRIES = 6;
const LONGEST_WAIT_SECONDS = 30;
const PREFIX = 'backpropd.upload.';
const TUS = { 'Tus-Resumable': '1.0.0' };

/**
 * @typedef {object} Transfer
 * @property {'sending'|'waiting'|'paused'|'lost'|'complete'|'failed'|'cancelled'} state
 * @property {number} offset bytes that the service has
 * @property {string|null} id id of the upload, such as `up_…`
 * @property {Error|null} problem
 */

/**
 * Send a file. It goes on where an upload of the same name, size and time of change stopped.
 * @param {File} file
 * @returns {{progress: import('../../core/state.js').Signal<Transfer>, resume: () => Promise<void>,
 *   pause: () => void, cancel: () => Promise<void>}} `resume` waits while the connection is lost or the
 *   service is busy, until the upload is complete, or is stopped by a person or by a problem
 */
export function resumableUpload(file) {
  const progress = signal({ state: 'paused', offset: 0, id: recall(file), problem: null });
  const set = (changes) => { progress.value = { ...progress.peek(), ...changes }; };
  let abort = new AbortController();

  async function resume() {
    abort.abort();
    abort = new AbortController();
    const current = abort.signal;
    let tries = 0;
    while (!current.aborted) {
      const { offset } = progress.peek();
      set({ state: 'sending', problem: null });
      try {
        await sendAll(file, progress, set, current);
        set({ state: 'complete' });
        return;
      } catch (error) {
        if (current.aborted) return;
        tries = progress.peek().offset > offset ? 1 : tries + 1;
        const isBusy = BUSY.includes(error.status) && tries < MOST_TRIES;
        if (error instanceof Problem && !isBusy) { set({ state: 'failed', problem: error }); return; }
        set({ state: isBusy ? 'waiting' : 'lost' });
        await (isBusy ? elapsed(waitSeconds(error, tries), current) : untilOnline(current));
      }
    }
  }

  function pause() {
    abort.abort();
    set({ state: 'paused' });
  }

  async function cancel() {
    abort.abort();
    set({ state: 'cancelled' });
    await forget(keyOf(file), progress.peek().id);
  }

  return { progress, resume, pause, cancel };
}

/** Seconds before the next try: those that the service names, else twice as many each time. */
function waitSeconds({ headers }, tries) {
  const named = Number(headers.get('Retry-After') ?? NaN);
  return Math.min(named >= 0 ? named : 2 ** (tries - 1), LONGEST_WAIT_SECONDS);
}

function elapsed(seconds, abort) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    abort.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

function untilOnline(abort) {
  return new Promise((resolve) => {
    const stop = effect(() => { if (connection.value.isOnline) queueMicrotask(end); });
    const end = () => { stop(); resolve(); };
    abort.addEventListener('abort', end, { once: true });
  });
}

async function sendAll(file, progress, set, abort) {
  const { id, offset } = await findOrCreate(file, progress.peek().id, abort);
  set({ id, offset });
  let conflicts = 0;
  while (progress.peek().offset < file.size) {
    const start = progress.peek().offset;
    try {
      set({ offset: await sendPiece(id, file.slice(start, start + PIECE_BYTES), start, abort) });
      conflicts = 0;
    } catch (error) {
      // An interrupted request may still have been stored: the service knows how much.
      if (error.status !== 409 || ++conflicts > LONGEST_CONFLICTS) throw error;
      set({ offset: await offsetOf(id, abort) });
    }
  }
}

async function sendPiece(id, piece, offset, abort) {
  const headers = {
    ...TUS, 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream',
  };
  const answer = await send('PATCH', `/v1/uploads/${id}`, { body: piece, headers, signal: abort });
  return Number(answer.headers.get('Upload-Offset'));
}

async function findOrCreate(file, id, abort) {
  if (id !== null) {
    try {
      return { id, offset: await offsetOf(id, abort) };
    } catch (error) {
      if (![404, 410].includes(error.status)) throw error;
    }
  }
  const headers = { ...TUS, 'Upload-Length': String(file.size), 'Upload-Metadata': `filename ${base64(file.name)}` };
  const { data } = await send('POST', '/v1/uploads', { headers, signal: abort });
  session.write(keyOf(file), { id: data.id, name: file.name, size: file.size });
  return { id: data.id, offset: 0 };
}

async function offsetOf(id, abort) {
  const answer = await send('HEAD', `/v1/uploads/${id}`, { headers: TUS, signal: abort });
  return Number(answer.headers.get('Upload-Offset'));
}

/** Uploads of this browser tab that were begun and are not datasets yet. */
export function interruptedUploads() {
  return session.names().filter((key) => key.startsWith(PREFIX))
    .map((key) => ({ key, ...session.read(key) }));
}

/** Delete the bytes of an upload and what is remembered of it. */
export async function forget(key, id) {
  session.remove(key);
  if (id === null) return;
  await send('DELETE', `/v1/uploads/${id}`, { headers: TUS }).catch(() => {});
}

/** Forget a file's upload that has become a dataset. */
export const dismiss = (file) => session.remove(keyOf(file));

const recall = (file) => session.read(keyOf(file))?.id ?? null;

const keyOf = (file) => `${PREFIX}${file.name}/${file.size}/${file.lastModified}`;
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
