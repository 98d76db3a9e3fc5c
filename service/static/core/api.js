/** Requests to the service, and whether it can be reached. */
import { signal } from './state.js';

/** Address of the service: the page may be served behind a path prefix. */
const SERVICE = new URL('../../../', import.meta.url);
/** Segments that a browser takes out of a path. */
const DOTS = /\/(\.|%2e){1,2}([/?#]|$)/i;
const FIRST_RETRY_SECONDS = 1;
const LONGEST_RETRY_SECONDS = 15;

/** An answer with an error status, as `application/problem+json` describes it. */
export class Problem extends Error {
  constructor(status, body, headers) {
    const title = textOr(body.title, `HTTP ${status}`);
    super(textOr(body.detail, title));
    this.status = status;
    this.title = title;
    this.detail = textOr(body.detail, '');
    this.code = textOr(body.code, '');
    this.errors = Array.isArray(body.errors) ? body.errors : [];
    this.body = body;
    this.headers = headers;
  }
}

/** Connection to the service: since when it is lost, and the time of the next try, or null. */
export const connection = signal({ isOnline: true, since: null, retryAt: null });

/** Whether an error of a request is that the service could not be reached. */
export const isUnreachable = (error) => error instanceof TypeError && /fetch|network/i.test(error.message);

/** Absolute address of a path of the service, such as `/v1/jobs`. Throws Problem if it leads elsewhere. */
export function url(path) {
  if (DOTS.test(path)) throw new Problem(404, { title: 'This does not exist', detail: path });
  return new URL(path.replace(/^\//, ''), SERVICE).href;
}

/** Answer's data of a GET. Throws Problem, and TypeError if the service cannot be reached. */
export const get = async (path, options = {}) => (await send('GET', path, options)).data;

/** Answer's data of a POST with a JSON body. Throws as `get` does. */
export const post = async (path, body, options = {}) => (
  (await send('POST', path, { ...options, body })).data);

/**
 * Send a request. A body that is an object is sent as JSON, other bodies as they are.
 * @returns {Promise<{status: number, data: any, headers: Headers}>}
 */
export async function send(method, path, { body, headers = {}, signal: abort } = {}) {
  const isJson = body !== undefined && isPlain(body);
  const request = {
    method,
    headers: { ...(isJson ? { 'Content-Type': 'application/json' } : {}), ...headers },
    body: isJson ? JSON.stringify(body) : body,
    signal: abort,
  };
  const response = await fetchWatched(url(path), request);
  const data = await read(response);
  if (!response.ok) throw new Problem(response.status, asProblem(data), response.headers);
  return { status: response.status, data, headers: response.headers };
}

/** Fetch, noting whether the service was reached. */
export async function fetchWatched(address, request) {
  let response;
  try {
    response = await fetch(address, request);
  } catch (error) {
    if (error.name !== 'AbortError') lose();
    throw error;
  }
  regain();
  return response;
}

async function read(response) {
  const type = response.headers.get('Content-Type') ?? '';
  if (response.status === 204) return null;
  try {
    if (type.includes('json')) return await response.json();
    return await (type.startsWith('text/') ? response.text() : response.blob());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (!response.ok) return null;
    throw new Problem(response.status, { title: 'The answer of the service cannot be read' }, response.headers);
  }
}

const isPlain = (body) => Array.isArray(body) || Object.getPrototypeOf(body) === Object.prototype;
const textOr = (value, other) => (typeof value === 'string' ? value : other);
const asProblem = (data) => (data !== null && typeof data === 'object' ? data : {});

function lose() {
  if (!connection.peek().isOnline) return;
  connection.value = { isOnline: false, since: new Date(), retryAt: null };
  retryAfter(FIRST_RETRY_SECONDS);
}

function regain() {
  if (connection.peek().isOnline) return;
  connection.value = { isOnline: true, since: null, retryAt: null };
}

function retryAfter(seconds) {
  connection.value = { ...connection.peek(), retryAt: new Date(Date.now() + seconds * 1000) };
  setTimeout(async () => {
    if (connection.peek().isOnline) return;
    try {
      await fetch(url('/healthz'), { cache: 'no-store' });
      regain();
    } catch {
      retryAfter(Math.min(seconds * 2, LONGEST_RETRY_SECONDS));
    }
  }, seconds * 1000);
}
