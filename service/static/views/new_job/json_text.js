/** JSON as text: read with the place of every value, written compactly. */
import { pointerOf } from './pointers.js';

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;
const DEEPEST = 60;
const LINE_WIDTH = 44;

/** Text that is not JSON. `line` and `column` count from 1. */
export class JsonTextError extends Error {
  constructor(text, position, reason) {
    const before = text.slice(0, position).split('\n');
    super(`Line ${before.length}, column ${before.at(-1).length + 1}: ${reason}.`);
    this.position = position;
    this.line = before.length;
    this.column = before.at(-1).length + 1;
  }
}

/**
 * Read JSON.
 * @returns {{value: any, spans: Map<string, [number, number]>}} `spans` has the start and the end
 *   of each value by its JSON pointer; a member's span begins with its name
 */
export function parseJson(text) {
  const reader = { text, at: 0, spans: new Map() };
  const value = readValue(reader, []);
  skipSpace(reader);
  if (reader.at < text.length) fail(reader, 'the JSON has ended before');
  return { value, spans: reader.spans };
}

function readValue(reader, path) {
  skipSpace(reader);
  const start = reader.at;
  if (path.length > DEEPEST) fail(reader, `deeper than ${DEEPEST} levels`);
  const value = readPart(reader, path);
  const pointer = pointerOf(path);
  if (!reader.spans.has(pointer)) reader.spans.set(pointer, [start, reader.at]);
  return value;
}

function readPart(reader, path) {
  const first = reader.text[reader.at];
  if (first === '{') return readMembers(reader, path);
  if (first === '[') return readItems(reader, path);
  if (first === '"') return readString(reader);
  const word = match(reader, WORD);
  if (word) return JSON.parse(word);
  const number = match(reader, NUMBER);
  if (!number) fail(reader, first === undefined ? 'the text ends, a value is missing' : 'a value is expected');
  if (!Number.isFinite(Number(number))) fail(reader, `${number} is beyond the largest number`);
  return Number(number);
}

function readMembers(reader, path) {
  const members = [];
  const names = new Set();
  readList(reader, '}', () => {
    const start = reader.at;
    if (reader.text[start] !== '"') fail(reader, 'a name in double quotes is expected');
    const name = readString(reader);
    if (names.has(name)) fail({ ...reader, at: start }, `${JSON.stringify(name)} stands here twice`);
    names.add(name);
    skipSpace(reader);
    take(reader, ':', 'a colon is expected');
    members.push([name, readValue(reader, [...path, name])]);
    reader.spans.set(pointerOf([...path, name]), [start, reader.at]);
  });
  return Object.fromEntries(members);
}

function readItems(reader, path) {
  const items = [];
  readList(reader, ']', () => { items.push(readValue(reader, [...path, String(items.length)])); });
  return items;
}

function readList(reader, end, readOne) {
  reader.at += 1;
  skipSpace(reader);
  if (reader.text[reader.at] === end) {
    reader.at += 1;
    return;
  }
  for (;;) {
    skipSpace(reader);
    readOne();
    skipSpace(reader);
    if (reader.text[reader.at] === end) break;
    take(reader, ',', `a comma or ${end} is expected`);
  }
  reader.at += 1;
}

function readString(reader) {
  const text = match(reader, STRING);
  if (text === null) fail(reader, 'the text in quotes is not closed, or has a character that must be escaped');
  return JSON.parse(text);
}

function take(reader, character, reason) {
  if (reader.text[reader.at] !== character) fail(reader, reason);
  reader.at += 1;
}

function match(reader, pattern) {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text);
  if (!found) return null;
  reader.at += found[0].length;
  return found[0];
}

const skipSpace = (reader) => { match(reader, SPACE); };
const fail = (reader, reason) => { throw new JsonTextError(reader.text, reader.at, reason); };

/** Write JSON with two spaces; what fits into a line of the panel stands in one line. */
export function formatJson(value, depth = 0, width = LINE_WIDTH) {
  const inline = formatInline(value);
  if (value === null || typeof value !== 'object' || inline.length + 2 * depth <= width) return inline;
  const inner = '  '.repeat(depth + 1);
  const parts = Array.isArray(value)
    ? value.map((item) => formatJson(item, depth + 1, width))
    : Object.entries(value).map(([name, member]) => (
      `${JSON.stringify(name)}: ${formatJson(member, depth + 1, width)}`));
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${'  '.repeat(depth)}${close}`;
}

function formatInline(value) {
  if (Array.isArray(value)) return `[${value.map(formatInline).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => (
    `${JSON.stringify(name)}: ${formatInline(member)}`));
  return `{${members.join(', ')}}`;
}
