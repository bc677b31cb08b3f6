/**
 * Cuts members and elements out of JSON text without changing a byte of them: `JSON.parse` would turn 12345678901234567890 into
 * 12345678901234567000 and `1.0` into `1`. Every text must be known to be valid JSON (`JSON.parse` accepted it); the scan trusts it.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const isOpening = (code: number): boolean => code === 0x7b || code === 0x5b;
const isClosing = (code: number): boolean => code === 0x7d || code === 0x5d;

/** The members of a JSON object in their order, duplicates included: key, and the value's own text. */
export function objectMembers(text: string): [key: string, valueText: string][] {
  const members: [string, string][] = [];
  let at = skipSpace(text, 0) + 1;
  for (;;) {
    at = skipSpace(text, at);
    if (text.charCodeAt(at) !== QUOTE) return members;
    const keyEnd = endOfString(text, at);
    const key: unknown = JSON.parse(text.slice(at, keyEnd));
    const valueStart = skipSpace(text, skipTo(text, keyEnd, COLON) + 1);
    const valueEnd = endOfValue(text, valueStart);
    members.push([String(key), text.slice(valueStart, valueEnd)]);
    at = skipSpace(text, valueEnd);
    if (text.charCodeAt(at) !== COMMA) return members;
    at += 1;
  }
}

/** The value's own text of a JSON object's member: the last one of that name, as JSON.parse takes it. */
export function memberText(text: string, key: string): string | undefined {
  return objectMembers(text).findLast(([name]) => name === key)?.[1];
}

/** The elements of a JSON array, each as its own text. */
export function arrayElements(text: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  if (isClosing(text.charCodeAt(at))) return elements;
  for (;;) {
    at = skipSpace(text, at);
    const end = endOfValue(text, at);
    elements.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== COMMA) return elements;
    at += 1;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function skipTo(text: string, from: number, code: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== code) at += 1;
  return at;
}

/** Position after the string that begins at `from`. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}

/** Position after the value that begins at `from`. */
function endOfValue(text: string, from: number): number {
  let at = from;
  let depth = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (isOpening(code)) depth += 1;
    else if (isClosing(code)) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === COMMA || isSpace(code))) return at;
    at += 1;
  }
  return at;
}
