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

/** A line that begins with a name, which is always whole; of what follows, as much as fits into the width, without end by default. */
export function fitLine(name: string, rest: string, width = Number.POSITIVE_INFINITY): string {
  const room = width - name.length - GAP.length;
  return rest === '' || room < LEAST_REST ? name : `${name}${GAP}${cutText(rest, room)}`;
}

/** Space between two parts of a line. */
const GAP = '  ';
/** Less than that of a sentence tells nothing. */
const LEAST_REST = 4;

/** The text on lines of at most that width, without end by default, broken at spaces; a longer word stays whole. */
export function foldText(text: string, width = Number.POSITIVE_INFINITY): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length > width) lines.push(word);
    else lines.splice(-1, 1, longer);
  }
  return lines;
}

/** `1 object`, `42 objects`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
