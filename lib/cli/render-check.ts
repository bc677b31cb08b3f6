import type { ObjectLine } from '../model/job.ts';
import type { Exit } from './exit-codes.ts';
import { counted, plainText } from './plain-text.ts';
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
export const checkExit = (comparisons: readonly ObjectLine[]): Exit =>
  comparisons.every(({ sign }) => sign === '=') ? 'ok' : 'unsynced';

/** A line per object, equal ones only when asked for, and a last one with the counts. */
export function renderCheck(
  pair: string,
  comparisons: readonly ObjectLine[],
  showsEqual: boolean,
  screen: Pick<Screen, 'paint'>,
): readonly string[] {
  const counts = SIGNS.map((sign) => ({ sign, count: countOf(comparisons, sign) }))
    .filter(({ count }) => count > 0)
    .map(({ sign, count }) => `${count} ${MEANINGS[sign]} (${sign})`);
  return [
    ...shown(comparisons, showsEqual).map(({ sign, path, fields = [], reason }) => {
      const detail = reason === undefined ? fields.join(', ') : reason;
      return `${screen.paint(sign, COLOURS[sign])} ${plainText(`${path}  ${detail}`)}`;
    }),
    `${pair}  ${[counted(comparisons.length, 'object'), ...counts].join(', ')}`,
  ];
}

/** The same as `--json` shows it. */
export function checkJson(
  pair: string,
  comparisons: readonly ObjectLine[],
  showsEqual: boolean,
): Readonly<Record<string, unknown>> {
  return {
    pair,
    counts: {
      equal: countOf(comparisons, '='),
      onlyOnPrimary: countOf(comparisons, '+'),
      onlyOnReplica: countOf(comparisons, '-'),
      different: countOf(comparisons, '*'),
      unreadable: countOf(comparisons, '!'),
    },
    objects: shown(comparisons, showsEqual),
  };
}

const countOf = (comparisons: readonly ObjectLine[], wanted: Sign): number =>
  comparisons.filter(({ sign }) => sign === wanted).length;

const shown = (comparisons: readonly ObjectLine[], showsEqual: boolean): readonly ObjectLine[] =>
  comparisons.filter(({ sign }) => showsEqual || sign !== '=');
