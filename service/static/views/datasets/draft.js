/** The file that was chosen and is not a dataset yet. It stays while other views are open. */
import { Problem, get, send } from '../../core/api.js';
import { signal } from '../../core/state.js';
import { readQuery, statedOf, withChanges } from './reading.js';
import { dismiss, resumableUpload } from './upload.js';

const WHOLE_BYTES = 4 * 1024 * 1024;
const HEAD_BYTES = 1024 * 1024;
const NEWLINE = 0x0A;
const DIGEST_BYTES = 64 * 1024 * 1024;
const COMPARED = 200;
const KEPT_FILES = 3;
const ANY_TYPE = 'application/octet-stream';
/** Formats of which a first part cannot be read. */
const NEEDS_WHOLE = /\.(parquet|pq|arrow|feather|ipc|npy|npz|json)(\.gz|\.zst)?$/i;

/**
 * @typedef {object} Draft
 * @property {File|null} file null until the file of a dataset that is read again is chosen
 * @property {string} name
 * @property {import('./reading.js').Stated} stated
 * @property {object|null} preview answer of the preview
 * @property {Error|null} problem
 * @property {boolean} isReading
 * @property {object|null} same a dataset of the same bytes
 * @property {object|null} rereads the dataset that is read again
 * @property {ReturnType<typeof resumableUpload>|null} upload
 * @property {boolean} isStoring whether the dataset is being created
 */

/** @type {import('../../core/state.js').Signal<Draft|null>} */
export const draft = signal(null);
const files = new Map();
let abort = new AbortController();

const set = (changes) => { draft.value = { ...draft.peek(), ...changes }; };
const isOf = (upload) => draft.peek()?.upload === upload;

/** Choose a file. What was stated for a dataset that is read again is kept. */
export function chooseFile(file) {
  const last = draft.peek();
  const rereads = last && last.file === null ? last.rereads : null;
  begin({ file, name: file.name, stated: rereads ? last.stated : { kinds: {} }, rereads });
  compare(file);
}

/** Read a dataset's file again with changed options. The service does not keep the file itself. */
export function readAgain(dataset, changes) {
  const kept = files.get(dataset.id);
  const stated = withChanges(kept?.stated ?? statedOf(dataset.options), changes);
  begin({ file: kept?.file ?? null, name: dataset.name, stated, rereads: dataset });
}

function begin(changes) {
  draft.peek()?.upload?.pause();
  draft.value = {
    preview: null, problem: null, isReading: false, same: null, upload: null, isStoring: false, ...changes,
  };
  preview();
}

/** Change the read options and preview again. */
export function change(changes) {
  set({ stated: withChanges(draft.peek().stated, changes) });
  preview();
}

/** Put the file away. Bytes that were sent are deleted. */
export function discard() {
  abort.abort();
  draft.peek()?.upload?.cancel();
  draft.value = null;
}

/** Preview the file's first rows, of the uploaded bytes where they are there. */
export async function preview() {
  const { file, stated, upload } = draft.peek();
  abort.abort();
  abort = new AbortController();
  const current = abort.signal;
  const isUploaded = upload?.progress.peek().state === 'complete';
  if (file === null || (!isUploaded && !canPreview(file))) return;
  set({ isReading: true, problem: null });
  try {
    const source = isUploaded ? { upload: upload.progress.peek().id } : {};
    const isPart = !isUploaded && file.size > WHOLE_BYTES;
    const body = isUploaded ? undefined : asForm(isPart ? await firstLines(file) : file, file.name);
    const { data } = await send('POST', `/v1/datasets/preview${readQuery(stated, source)}`, { body, signal: current });
    // The service knows only what was sent to it.
    const preview = { ...data, is_complete: data.is_complete && !isPart };
    if (!current.aborted) set({ preview, isReading: false });
  } catch (error) {
    if (!current.aborted) set({ problem: error, isReading: false });
  }
}

/** Whether the file can be previewed before all of it is uploaded. */
export const canPreview = (file) => file.size <= WHOLE_BYTES || !NEEDS_WHOLE.test(file.name);

/** The beginning of a file, up to the end of a line where its lines end in single bytes. */
async function firstLines(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const isUtf16 = bytes[0] >= 0xFE;
  return isUtf16 ? bytes : bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1 || bytes.length);
}

function asForm(part, name) {
  const form = new FormData();
  form.append('file', new Blob([part], { type: ANY_TYPE }), name);
  return form;
}

/**
 * Upload the file and make it a dataset. Bytes that are there are not sent again.
 * @returns {Promise<object|null>} the dataset; null if the upload was stopped or there is a problem
 */
export async function keep() {
  if (draft.peek().upload === null) set({ upload: resumableUpload(draft.peek().file) });
  const { upload } = draft.peek();
  if (upload.progress.peek().state !== 'complete') {
    await upload.resume();
    if (!isOf(upload) || upload.progress.peek().state !== 'complete') return null;
    // A person who has seen nothing of the table yet is shown it first.
    if (draft.peek().preview === null && !canPreview(draft.peek().file)) { await preview(); return null; }
  }
  return store(upload);
}

async function store(upload) {
  const { file, stated, rereads } = draft.peek();
  const query = readQuery(stated, {
    upload: upload.progress.peek().id, name: shortName(rereads?.name ?? file.name), ...(rereads ? { sha256: rereads.sha256 } : {}),
  });
  set({ isStoring: true, problem: null });
  try {
    const { data } = await send('POST', `/v1/datasets${query}`);
    dismiss(file);
    keepFile(data.id, { file, stated });
    if (isOf(upload)) draft.value = null;
    return data;
  } catch (error) {
    if (isOf(upload)) set({ isStoring: false, problem: error, ...(isGone(error) ? { upload: null } : {}) });
    return null;
  }
}

const isGone = (error) => error instanceof Problem && [404, 410].includes(error.status);
const shortName = (name) => name.slice(0, 256);

function keepFile(id, kept) {
  files.set(id, kept);
  while (files.size > KEPT_FILES) files.delete(files.keys().next().value);
}

/** Find a dataset of the same bytes. Digests exist on HTTPS and on this machine only. */
async function compare(file) {
  if (!globalThis.crypto?.subtle || file.size > DIGEST_BYTES) return;
  try {
    const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
    const sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const same = await findSame(sha256);
    if (draft.peek()?.file === file) set({ same });
  } catch {
    // Only a remark would have come of it; the preview reports a file that cannot be read.
  }
}

/** Newest other dataset of the same bytes among the last 200, or null. */
export async function findSame(sha256, exceptId = null, options = {}) {
  const { data } = await get(`/v1/datasets?limit=${COMPARED}`, options);
  return data.find((other) => other.sha256 === sha256 && other.id !== exceptId) ?? null;
}
