import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DirectedTest, PROTECTIONS, testsOf } from './protections.ts';

/*
 * The cases that broke the first design: E1 what its crash model showed, E2 a crash at every step, E3 the findings of its critique. Each has a
 * directed test with its number in the title, and a protection without which that test fails; the exceptions say why not.
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

const STACK = 'test/cdk/stack.test.ts';
/** Cases that are about a part on its own: the test there that shows them. */
const ELSEWHERE: Readonly<Record<string, DirectedTest>> = {
  'E3.8': {
    file: STACK,
    title: 'is a FIFO queue whose messages outlast a copy and end in a FIFO queue of dead letters',
  },
  'E3.11': {
    file: 'test/unit/plan/message-ids.test.ts',
    title: 'the longest names still give ids that a queue takes: 128 letters and digits',
  },
  'E3.12': {
    file: STACK,
    title:
      'is shared by pairs of a replica when there are more than the servers bear, and there are no more lanes than planned',
  },
  'E3.13': { file: STACK, title: 'of %i pairs: no server, the primary neither, gets more requests than it bears' },
  'E3.18': {
    file: 'test/cdk/cost.test.ts',
    title: 'of a huge organization is bounded, because an inventory rests 20 times as long as it took',
  },
  'E3.21': {
    file: 'test/contract/chef-org.faults.test.ts',
    title: 'expired download URLs are renewed by reading the manifest once more',
  },
  'E3.22': {
    file: 'test/unit/plan/fingerprint.test.ts',
    title: 'is the same for the same pair and another for every other pair or secret',
  },
  'E3.24': {
    file: STACK,
    title: 'is paid by request, survives mistakes, forgets what expired, and has the local index of what is unsynced',
  },
};

/** Cases that no single removal turns red, because several protections overlap: which. */
const OVERLAPPING: Readonly<Record<string, string>> = {
  'E2 C4':
    'the queue delivers the message again, the ledger sends it again after twice the visibility time, and the upload begins ' +
    'with a new sandbox each time',
  'E3.4':
    'deletes come after the upserts of their run, and wait while an upsert is out: "gate of the phases", "uploads and deletes apart" ' +
    'and "serial deletes" are each shown red by a test of their own',
};

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');

const FILES: readonly string[] = [
  'test/simulation/directed-cases.test.ts',
  ...new Set(PROTECTIONS.flatMap(testsOf).map(({ file }) => file)),
];

/** The numbers of the cases in front of each title, for one file. */
const casesIn = (file: string): readonly { readonly numbers: readonly string[]; readonly title: string }[] =>
  [...read(file).matchAll(/test\('((?:(?:E[13]\.\d+b?|E2 [PCD]\d) )+)(.*)', /g)].map(
    ([, numbers = '', title = '']) => ({
      numbers: numbers.match(/E[13]\.\d+b?|E2 [PCD]\d/g) ?? [],
      title,
    }),
  );

const NAMED = [...new Set(FILES)].flatMap((file) => casesIn(file).map((found) => ({ file, ...found })));
const SHOWN_RED = NAMED.filter(({ file, title }) =>
  PROTECTIONS.flatMap(testsOf).some((caught) => caught.file === file && title.endsWith(caught.title)),
);

const without = (
  cases: readonly string[],
  ...exceptions: readonly Readonly<Record<string, unknown>>[]
): readonly string[] => cases.filter((name) => exceptions.every((listed) => !(name in listed)));

describe('a case that broke the first design', () => {
  test.each(without(CASES, IMPOSSIBLE, ELSEWHERE))('%s has a directed test by name', (name) => {
    expect(NAMED.filter(({ numbers }) => numbers.includes(name))).not.toEqual([]);
  });

  test.each(without(CASES, IMPOSSIBLE, ELSEWHERE, OVERLAPPING))(
    '%s has a test that fails when a protection is removed',
    (name) => {
      expect(SHOWN_RED.filter(({ numbers }) => numbers.includes(name))).not.toEqual([]);
    },
  );

  test.each(Object.entries(ELSEWHERE))('%s is shown elsewhere by a test that exists', (_name, { file, title }) => {
    expect(read(file).split(`'${title}', `)).toHaveLength(2);
  });

  test('is no exception any more once it has a protection', () => {
    expect(SHOWN_RED.flatMap(({ numbers }) => without(numbers, IMPOSSIBLE, ELSEWHERE, OVERLAPPING))).toEqual(
      SHOWN_RED.flatMap(({ numbers }) => numbers),
    );
  });

  test('is numbered as the list of cases is', () => {
    expect(NAMED.flatMap(({ numbers }) => numbers).filter((name) => !CASES.includes(name))).toEqual([]);
  });
});
