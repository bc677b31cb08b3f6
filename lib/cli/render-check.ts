import type { JobCounts, ObjectLine } from '../model/job.ts';
import type { FinishedJob } from '../runtime/inspector.ts';
import type { Exit } from './exit-codes.ts';
import { counted, fitLine, foldText, plainText } from './plain-text.ts';
import type { Colour, Screen } from './screen.ts';

type Sign = ObjectLine['sign'];

const COLOURS: Readonly<Record<Sign, Colour>> = { '=': 'green', '+': 'yellow', '-': 'gray', '*': 'yellow', '!': 'red' };

const MEANINGS: Readonly<Record<Sign, string>> = {
  '=': 'equal',
  '+': 'only on the primary',
  '-': 'only on the replica',
  '*': 'different',
  '!': 'not readable',
};

const SIGNS = ['=', '+', '-', '*', '!'] as const;

/** `ok` when everything is equal. */
export const checkExit = (counts: JobCounts): Exit =>
  SIGNS.every((sign) => sign === '=' || (counts[sign] ?? 0) === 0) ? 'ok' : 'unsynced';

/** The lines of a job that are about objects compared. */
export const objectLines = ({ lines }: Pick<FinishedJob, 'lines'>): readonly ObjectLine[] =>
  lines.flatMap((line) => ('sign' in line ? [line] : []));

/**
 * A line per object, with the values of its fields where they were kept, and a last one with the counts. What differs is cut where a
 * terminal ends; paths and values never are.
 */
export function renderCheck(
  pair: string,
  checked: FinishedJob,
  screen: Pick<Screen, 'width' | 'paint'>,
): readonly string[] {
  const { counts } = checked.job;
  const parts = SIGNS.filter((sign) => (counts[sign] ?? 0) > 0).map(
    (sign) => `${counts[sign]} ${MEANINGS[sign]} (${sign})`,
  );
  const all = SIGNS.reduce((sum, sign) => sum + (counts[sign] ?? 0), 0);
  return [
    ...objectLines(checked).flatMap((line) => [
      renderObject(line, screen),
      ...(checked.values.get(line.path) ?? []).flatMap(({ field, a, b }) => [
        `    ${plainText(field)}`,
        `      primary  ${plainText(a ?? '(none)')}`,
        `      replica  ${plainText(b ?? '(none)')}`,
      ]),
    ]),
    ...foldText(`${pair}  ${[counted(all, 'object'), ...parts].join(', ')}`, screen.width()),
  ];
}

/** One compared object on a line. */
export function renderObject(
  { sign, path, fields = [], reason }: ObjectLine,
  screen: Pick<Screen, 'width' | 'paint'>,
): string {
  const line = fitLine(`${sign} ${plainText(path)}`, plainText(reason ?? fields.join(', ')), screen.width());
  return screen.paint(sign, COLOURS[sign]) + line.slice(sign.length);
}

/** The same as `--json` shows it. Values are JSON texts, so that no number is rounded on the way. */
export function checkJson(pair: string, checked: FinishedJob): Readonly<Record<string, unknown>> {
  return {
    pair,
    counts: countsJson(checked.job.counts),
    objects: objectLines(checked).map((line) => {
      const values = checked.values.get(line.path)?.map(({ field, a, b }) => ({ field, primary: a, replica: b }));
      return values === undefined ? line : { ...line, values };
    }),
  };
}

/** Counts by sign in words. */
export const countsJson = (counts: JobCounts): Readonly<Record<string, number>> => ({
  equal: counts['='] ?? 0,
  onlyOnPrimary: counts['+'] ?? 0,
  onlyOnReplica: counts['-'] ?? 0,
  different: counts['*'] ?? 0,
  unreadable: counts['!'] ?? 0,
});
