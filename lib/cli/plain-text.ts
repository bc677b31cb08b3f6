import { stripVTControlCharacters } from 'node:util';

/**
 * Text from elsewhere (a Chef server's answer, a path of the feed) as one line that is safe to print: it can neither move the cursor nor
 * begin a line of its own.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\p{Cf}/gu, '')
    .trim();
}

/** The text, cut to a width with `…` at its end. */
export function cutText(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** `1 object`, `42 objects`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
