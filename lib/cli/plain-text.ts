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

/** A command to go on with is kept on one line, so that it can be copied. */
const COMMANDS = /"chef-sync-ctl [^"]*"|chef-sync-ctl .*/g;
const NO_BREAK_SPACE = '\u00a0';

/** The text on lines of at most that width, without end by default, broken at spaces; a longer word or command stays whole. */
export function foldText(text: string, width = Number.POSITIVE_INFINITY): readonly string[] {
  const lines: string[] = [];
  for (const word of text.replace(COMMANDS, (command) => command.replaceAll(' ', NO_BREAK_SPACE)).split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => line.replaceAll(NO_BREAK_SPACE, ' '));
}

/** `1 object`, `42 objects`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
