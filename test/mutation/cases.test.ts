import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROTECTIONS, testsOf } from './protections.ts';

/*
 * The cases that broke the first design: E1 what its crash model showed, E2 a crash at every step, E3 the findings of its critique. Each has a
 * directed test with its number in the title, and a protection without which that test fails.
 */
const numbered = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n + 1}`);
const CASES: readonly string[] = [
  ...numbered('E1.', 12),
  'E1.8b',
  ...numbered('E2 P', 5),
  ...numbered('E2 C', 6),
  'E2 D1',
  ...numbered('E3.', 24),
];

const NO_STANDARD_QUEUE = 'queues are FIFO, and every write of an entry is a transition of the one that is there';
/** Cases that the design has no place for. */
const IMPOSSIBLE: Readonly<Record<string, string>> = {
  'E1.7': NO_STANDARD_QUEUE,
  'E1.8': NO_STANDARD_QUEUE,
  'E1.8b': NO_STANDARD_QUEUE,
  'E2 C5': 'there is no counter of a phase: phases are counted anew from the ledger at every step',
};

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');

const FILES: readonly string[] = [
  'test/simulation/directed-cases.test.ts',
  ...new Set(PROTECTIONS.flatMap(testsOf).map(({ file }) => file)),
];

/** The numbers of the cases in front of each title, for one file. */
const casesIn = (file: string): readonly { readonly numbers: readonly string[]; readonly title: string }[] =>
  [...read(file).matchAll(/(?:test|\]\))\('((?:(?:E[13]\.\d+b?|E2 [PCD]\d) )+)(.*)', /g)].map(
    ([, numbers = '', title = '']) => ({
      numbers: numbers.match(/E[13]\.\d+b?|E2 [PCD]\d/g) ?? [],
      title,
    }),
  );

const NAMED = [...new Set(FILES)].flatMap((file) => casesIn(file).map((found) => ({ file, ...found })));
const SHOWN_RED = NAMED.filter(({ file, title }) =>
  PROTECTIONS.flatMap(testsOf).some((caught) => caught.file === file && title.endsWith(caught.title)),
);

const POSSIBLE = CASES.filter((name) => !(name in IMPOSSIBLE));

describe('a case that broke the first design', () => {
  test.each(POSSIBLE)('%s has a directed test by name', (name) => {
    expect(NAMED.filter(({ numbers }) => numbers.includes(name))).not.toEqual([]);
  });

  test.each(POSSIBLE)('%s has a test that fails when a protection is removed', (name) => {
    expect(SHOWN_RED.filter(({ numbers }) => numbers.includes(name))).not.toEqual([]);
  });

  test('has a number of the list of cases', () => {
    expect(NAMED.flatMap(({ numbers }) => numbers).filter((name) => !POSSIBLE.includes(name))).toEqual([]);
  });
});
