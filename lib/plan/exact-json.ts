import { SyncError } from '../model/sync-error.ts';
import { exactDecimal } from './exact-decimal.ts';

/** A JSON value that lost nothing in reading. Objects are maps, so that `__proto__` is a key like any other. */
export type ExactJson = null | boolean | string | ExactNumber | ExactJson[] | ExactObject;

/** A number by its exact decimal value, as `exactDecimal` writes it. */
export interface ExactNumber {
  readonly decimal: string;
}

/** A JSON object. Of duplicate keys the last one is here, as Chef's own clients read them. */
export type ExactObject = Map<string, ExactJson>;

/**
 * Reads the text of a JSON object without rounding a number. Throws a `SyncError` when the text is something else. Its message never
 * quotes the text: V8's own messages do, and the text may be a secret.
 */
export function parseExactObject(text: string): ExactObject {
  const value = parseExactJson(text);
  if (!(value instanceof Map)) throw unreadable('it is JSON, but no JSON object');
  return value;
}

/** Canonical text: keys sorted by UTF-16 code units, no white space, the shortest escapes. Equal values have equal texts. */
export function writeExactJson(value: ExactJson): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(writeExactJson).join()}]`;
  if (!(value instanceof Map)) return value.decimal;
  const members = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${writeExactJson(member)}`).join()}}`;
}

/** The error for an object whose text cannot be compared: it concerns this object alone and no retry mends it. */
export function unreadable(reason: string): SyncError {
  return new SyncError(`The object's text cannot be compared: ${reason}; write the object again on its server.`, {
    code: 'UNREADABLE_OBJECT',
    scope: 'object',
    retry: 'never',
  });
}

/**
 * `JSON.parse` says whether the text is JSON; the scan below trusts that and takes single strings from it, never objects, because of Node 24
 * (V8 13.6) the keys of an object cannot be believed: after a text with the key `"C\\"` it reads `{"C\n":2}` as `{"C\\":2}`.
 */
function parseExactJson(text: string): ExactJson {
  try {
    JSON.parse(text);
  } catch {
    throw unreadable('it is no JSON');
  }
  return readValue(text, { at: 0, depth: 0 });
}

/** No Chef client writes more than a few dozen levels; three thousand exhaust the stack of whoever writes the value again. */
const MAX_DEPTH = 1_000;

/** A position in a text. */
interface Cursor {
  at: number;
  /** Objects and arrays around it. */
  depth: number;
}

/** A string with its quotes, a number or a word. */
const SCALAR = /"[^"\\]*(?:\\.[^"\\]*)*"|[^\s,:\]}]+/y;
/** What stands between values. */
const FILLING = /[\s,:]*/y;

function readValue(text: string, cursor: Cursor): ExactJson {
  const first = nextCharacter(text, cursor);
  if (first === '{') return readObject(text, cursor);
  if (first === '[') return readArray(text, cursor);
  const scalar = take(text, cursor, SCALAR);
  return /[-0-9]/.test(first) ? { decimal: exactDecimal(scalar) } : JSON.parse(scalar);
}

function readObject(text: string, cursor: Cursor): ExactObject {
  const object: ExactObject = new Map();
  enter(cursor);
  while (nextCharacter(text, cursor) !== '}') {
    const key = String(readValue(text, cursor));
    object.set(key, readValue(text, cursor));
  }
  leave(cursor);
  return object;
}

function readArray(text: string, cursor: Cursor): ExactJson[] {
  const array: ExactJson[] = [];
  enter(cursor);
  while (nextCharacter(text, cursor) !== ']') array.push(readValue(text, cursor));
  leave(cursor);
  return array;
}

function enter(cursor: Cursor): void {
  cursor.at += 1;
  cursor.depth += 1;
  if (cursor.depth > MAX_DEPTH) throw unreadable('it is nested too deeply');
}

function leave(cursor: Cursor): void {
  cursor.at += 1;
  cursor.depth -= 1;
}

/** Goes to the next value or closing bracket, and tells its first character. */
function nextCharacter(text: string, cursor: Cursor): string {
  take(text, cursor, FILLING);
  return text.charAt(cursor.at);
}

/** The piece at the cursor; the cursor is behind it afterwards. */
function take(text: string, cursor: Cursor, piece: RegExp): string {
  piece.lastIndex = cursor.at;
  const found = piece.exec(text)?.[0] ?? '';
  cursor.at += found.length;
  return found;
}
