import { SyncError } from '../model/sync-error.ts';
import { exactDecimal } from './exact-decimal.ts';

/** A JSON value that lost nothing in reading. Objects are maps, so that `__proto__` is a key like any other. */
export type ExactJson = null | boolean | string | ExactNumber | ExactJson[] | ExactObject;

/** A number by its exact decimal value, as `exactDecimal` writes it. */
export interface ExactNumber {
  readonly decimal: string;
}

/** A JSON object. Of duplicate keys the last one is here, as Chef's own clients read them (API facts §10). */
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

function parseExactJson(text: string): ExactJson {
  try {
    return JSON.parse(text, exactMember);
  } catch (error) {
    // The reviver recurses: some thousand levels of nesting exhaust the stack. No Chef client writes more than a few dozen.
    throw unreadable(error instanceof RangeError ? 'it is nested too deeply' : 'it is no JSON');
  }
}

/** Reviver, called from the leaves up: members are exact already when their object arrives. */
function exactMember(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value === 'number') return { decimal: exactDecimal(context?.source ?? '') };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return new Map(Object.entries(value));
}
