/**
 * A second reader of JSON to judge the first by: written plainly from RFC 8259, shares no code with the program and uses none of
 * JavaScript's own JSON. Numbers are kept as sign, digits and power of ten; of equal keys the last one counts.
 */
export type ReferenceJson = null | boolean | string | ReferenceNumber | readonly ReferenceJson[] | ReferenceObject;

export type ReferenceObject = ReadonlyMap<string, ReferenceJson>;

/** The value `digits` × 10^`power`. */
export interface ReferenceNumber {
  /** As it is written. */
  readonly text: string;
  readonly digits: bigint;
  readonly power: bigint;
}

/** The value of a JSON text, or undefined when it is none. */
export function readReference(text: string): { readonly value: ReferenceJson } | undefined {
  const found = readValue(text, skipped(text, 0));
  return found !== undefined && skipped(text, found.end) === text.length ? { value: found.value } : undefined;
}

/** The value of a number's text, or undefined when it is none. */
export function readReferenceNumber(text: string): ReferenceNumber | undefined {
  const found = readReference(text)?.value;
  return isNumber(found) ? found : undefined;
}

export function areEqual(a: ReferenceJson, b: ReferenceJson): boolean {
  if (isNumber(a) || isNumber(b)) return isNumber(a) && isNumber(b) && areEqualNumbers(a, b);
  if (isObject(a) || isObject(b)) {
    if (!isObject(a) || !isObject(b) || a.size !== b.size) return false;
    return [...a].every(([key, value]) => {
      const other = b.get(key);
      return other !== undefined && areEqual(value, other);
    });
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((element, index) => areEqual(element, b[index]));
  }
  return a === b;
}

export const isObject = (value: ReferenceJson | undefined): value is ReferenceObject => value instanceof Map;

const isNumber = (value: ReferenceJson | undefined): value is ReferenceNumber =>
  typeof value === 'object' && value !== null && 'power' in value;

/** Brings both to the smaller power, unless they are too far apart to be equal. */
function areEqualNumbers(a: ReferenceNumber, b: ReferenceNumber): boolean {
  if (a.digits === 0n || b.digits === 0n) return a.digits === b.digits;
  if (a.power < b.power) return areEqualNumbers(b, a);
  const apart = a.power - b.power;
  return apart <= BigInt(b.digits.toString().length) && a.digits * 10n ** apart === b.digits;
}

interface Found<T> {
  readonly value: T;
  readonly end: number;
}

const WORDS: readonly (readonly [string, null | boolean])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
];

function readValue(text: string, at: number): Found<ReferenceJson> | undefined {
  const first = text[at];
  if (first === '"') return readString(text, at);
  if (first === '[') return readArray(text, at);
  if (first === '{') return readObject(text, at);
  const word = WORDS.find(([name]) => text.startsWith(name, at));
  return word === undefined ? readNumber(text, at) : { value: word[1], end: at + word[0].length };
}

function readArray(text: string, start: number): Found<ReferenceJson[]> | undefined {
  const value: ReferenceJson[] = [];
  let at = skipped(text, start + 1);
  if (text[at] === ']') return { value, end: at + 1 };
  for (;;) {
    const element = readValue(text, skipped(text, at));
    if (element === undefined) return undefined;
    value.push(element.value);
    at = skipped(text, element.end);
    if (text[at] === ']') return { value, end: at + 1 };
    if (text[at] !== ',') return undefined;
    at += 1;
  }
}

function readObject(text: string, start: number): Found<ReferenceObject> | undefined {
  const value = new Map<string, ReferenceJson>();
  let at = skipped(text, start + 1);
  if (text[at] === '}') return { value, end: at + 1 };
  for (;;) {
    const key = readString(text, skipped(text, at));
    if (key === undefined) return undefined;
    const colon = skipped(text, key.end);
    if (text[colon] !== ':') return undefined;
    const member = readValue(text, skipped(text, colon + 1));
    if (member === undefined) return undefined;
    value.set(key.value, member.value);
    at = skipped(text, member.end);
    if (text[at] === '}') return { value, end: at + 1 };
    if (text[at] !== ',') return undefined;
    at += 1;
  }
}

const ESCAPES: ReadonlyMap<string | undefined, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

function readString(text: string, start: number): Found<string> | undefined {
  if (text[start] !== '"') return undefined;
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') return { value, end: at + 1 };
    if (character < ' ') return undefined;
    if (character !== '\\') {
      value += character;
      continue;
    }
    at += 1;
    const hex = text[at] === 'u' ? text.slice(at + 1, at + 5) : undefined;
    const meant = hex === undefined ? ESCAPES.get(text[at]) : unitOf(hex);
    if (meant === undefined) return undefined;
    value += meant;
    if (hex !== undefined) at += 4;
  }
  return undefined;
}

const unitOf = (hex: string): string | undefined =>
  /^[0-9a-fA-F]{4}$/.test(hex) ? String.fromCharCode(Number.parseInt(hex, 16)) : undefined;

function readNumber(text: string, at: number): Found<ReferenceNumber> | undefined {
  const shape = /-?(?:0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?/y;
  shape.lastIndex = at;
  const match = shape.exec(text);
  if (match === null) return undefined;
  const [all, fraction = '', exponent = '0'] = match;
  const digits = BigInt(all.replace(/[eE].*/, '').replace('.', ''));
  return { value: { text: all, digits, power: BigInt(exponent) - BigInt(fraction.length) }, end: at + all.length };
}

function skipped(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return at;
}
