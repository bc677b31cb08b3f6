/**
 * JSON as a Chef Infra Server keeps it: the order of keys, duplicate keys and integers of any size survive, floats are
 * rewritten (`1.10` → `1.1`, `1e2` → `100.0`). `JSON.parse` would round big integers, drop duplicates and sort
 * integer-like keys, and so hide the very differences that a replicator must cope with.
 */
export type Json = null | boolean | string | JsonNumber | Json[] | JsonObject;

/** A number by its text, because a double cannot hold every integer that a server keeps. */
export interface JsonNumber {
  readonly numberText: string;
}

/** The members of a JSON object in the order of the text, duplicates included. */
export interface JsonObject {
  readonly members: readonly JsonMember[];
}

export type JsonMember = readonly [key: string, value: Json];

/** Reads a JSON text, with numbers rewritten as the server does on the way in. Throws a SyntaxError for anything else. */
export function parseJson(text: string): Json {
  const reader = new JsonReader(text);
  const value = reader.readValue();
  reader.expectEnd();
  return value;
}

/** The text of a value: no spaces, keys in their order. */
export function writeJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  if (isNumber(value)) return value.numberText;
  return `{${value.members.map(([key, member]) => `${JSON.stringify(key)}:${writeJson(member)}`).join(',')}}`;
}

/** A plain JavaScript value as server-side JSON; a text is taken as JSON text, so that callers can give exact numbers. */
export function toJson(value: unknown): Json {
  return parseJson(typeof value === 'string' ? value : JSON.stringify(value));
}

/** True for JSON objects only: not for arrays, null or numbers. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && 'members' in value;
}

/** The value of a key; of duplicate keys the last one, as nearly every reader of JSON takes it. */
export function member(object: JsonObject, key: string): Json | undefined {
  return object.members.findLast(([name]) => name === key)?.[1];
}

/** The object with one key set: in its old place when it was there, else at the end. */
export function withMember(object: JsonObject, key: string, value: Json): JsonObject {
  const isPresent = object.members.some(([name]) => name === key);
  if (!isPresent) return { members: [...object.members, [key, value]] };
  return { members: object.members.map((entry) => (entry[0] === key ? [key, value] : entry)) };
}

/** The object without the named keys. */
export function withoutMembers(object: JsonObject, keys: readonly string[]): JsonObject {
  return { members: object.members.filter(([name]) => !keys.includes(name)) };
}

/** The object with every missing key of `defaults` added at the end. */
export function withDefaults(object: JsonObject, defaults: readonly JsonMember[]): JsonObject {
  const missing = defaults.filter(([key]) => member(object, key) === undefined);
  return missing.length === 0 ? object : { members: [...object.members, ...missing] };
}

function isNumber(value: JsonNumber | JsonObject): value is JsonNumber {
  return 'numberText' in value;
}

/** Floats as the server's encoder writes them: shortest form, and always a fraction or an exponent. */
function normaliseNumber(text: string): string {
  if (/^-?\d+$/.test(text)) return text === '-0' ? '0' : text;
  const float = Number(text);
  if (!Number.isFinite(float)) throw new SyntaxError(`number ${text} is too large`);
  const shortest = String(float);
  return /^-?\d+$/.test(shortest) ? `${shortest}.0` : shortest;
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const spacePattern = /[ \t\n\r]*/y;

/** A position in one text; thrown away after one parse. */
class JsonReader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  readValue(): Json {
    this.skipSpace();
    switch (this.text[this.at]) {
      case '{':
        return this.readObject();
      case '[':
        return this.readArray();
      case '"':
        return this.readString();
      case 't':
        return this.readWord('true', true);
      case 'f':
        return this.readWord('false', false);
      case 'n':
        return this.readWord('null', null);
      default:
        return this.readNumber();
    }
  }

  expectEnd(): void {
    this.skipSpace();
    if (this.at !== this.text.length) this.fail();
  }

  private readObject(): JsonObject {
    const members: JsonMember[] = [];
    this.at += 1;
    if (this.takes('}')) return { members };
    do {
      this.skipSpace();
      const key = this.readString();
      if (!this.takes(':')) this.fail();
      members.push([key, this.readValue()]);
    } while (this.takes(','));
    if (!this.takes('}')) this.fail();
    return { members };
  }

  private readArray(): Json[] {
    const values: Json[] = [];
    this.at += 1;
    if (this.takes(']')) return values;
    do values.push(this.readValue());
    while (this.takes(','));
    if (!this.takes(']')) this.fail();
    return values;
  }

  private readString(): string {
    if (this.text[this.at] !== '"') this.fail();
    let end = this.at + 1;
    while (this.text[end] !== '"') {
      if (end >= this.text.length) this.fail();
      end += this.text[end] === '\\' ? 2 : 1;
    }
    const value: unknown = JSON.parse(this.text.slice(this.at, end + 1));
    // The server's parser refuses half a surrogate pair, which JSON.parse lets pass.
    if (typeof value !== 'string' || !value.isWellFormed()) this.fail();
    this.at = end + 1;
    return value;
  }

  private readNumber(): JsonNumber {
    numberPattern.lastIndex = this.at;
    const found = numberPattern.exec(this.text)?.[0];
    if (found === undefined) this.fail();
    this.at += found.length;
    return { numberText: normaliseNumber(found) };
  }

  private readWord<T extends Json>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail();
    this.at += word.length;
    return value;
  }

  private takes(character: string): boolean {
    this.skipSpace();
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private skipSpace(): void {
    spacePattern.lastIndex = this.at;
    spacePattern.test(this.text);
    this.at = spacePattern.lastIndex;
  }

  private fail(): never {
    throw new SyntaxError(`invalid JSON at character ${this.at}`);
  }
}
