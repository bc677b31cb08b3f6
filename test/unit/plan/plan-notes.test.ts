import { describe, expect, test } from 'vitest';
import type { JobCounts } from '../../../lib/model/job.ts';
import { newPairState, type PairState } from '../../../lib/model/pair-state.ts';
import { deleteNotes, type PlannedPair, pairNotes } from '../../../lib/plan/plan-notes.ts';

const GUIDS = { primary: 'p', replica: 'r' };

/** A pair in order, and what of its state is special. */
const planned = (state: Partial<PairState> = {}, rest: Partial<PlannedPair> = {}): PlannedPair => ({
  state: { ...newPairState(0, 'filter', 'copy'), guids: GUIDS, ...state },
  guids: GUIDS,
  rules: { startsWithCopy: true, filterHash: 'filter' },
  now: 1_000,
  ...rest,
});

describe('what a plan says of the pair', () => {
  const pause = { side: 'replica', code: 'X', reason: 'It rests.', since: 0, until: 2_000 } as const;
  const baseline = { startsWithCopy: false, filterHash: 'filter' };

  test.each<[string, PlannedPair, readonly string[]]>([
    ['that is in order', planned(), []],
    ['that was never polled', planned({}, { state: undefined }), ['first poll']],
    [
      'whose first poll takes a baseline',
      planned({}, { state: undefined, rules: baseline }),
      ['first poll', 'baseline'],
    ],
    ['whose baseline is not complete', planned({ start: 'baseline' }), ['baseline']],
    ['whose baseline is complete', planned({ start: 'baseline', baselineAt: 1 }), []],
    ['that is stopped', planned({ isStopped: true }), ['stopped']],
    ['that waits for a server', planned({ paused: pause }), ['waiting']],
    ['whose pause is over', planned({ paused: { ...pause, until: 1_000 } }), []],
    [
      'whose sides are one organization',
      planned({}, { guids: { primary: 'p', replica: 'p' } }),
      ['wrong organization', 'new epoch'],
    ],
    [
      'of two servers without organizations',
      planned({ guids: { primary: 'none', replica: 'none' } }, { guids: { primary: 'none', replica: 'none' } }),
      [],
    ],
  ])('%s', (_, pair, notes) => {
    expect(pairNotes(pair).map(({ note }) => note)).toEqual(notes);
  });

  test('everything that begins a new epoch is named', () => {
    const pair = planned({ filterHash: 'other', guids: { primary: 'other', replica: 'other' } });

    expect(pairNotes(pair)).toEqual([
      {
        note: 'new epoch',
        text: 'A new epoch begins, because the filter of the pair and the primary organization and the replica organization changed: everything is read and compared again.',
      },
    ]);
  });
});

describe('what a plan says of deletes', () => {
  const textsOf = (counts: JobCounts, state: Partial<PairState> = {}, rest: Partial<PlannedPair> = {}) =>
    deleteNotes(planned(state, rest), counts).map(({ text }) => text);
  const ROLES_GO = { 'delete role': 1, 'asks role': 1, 'live role': 10 } as const;
  const COOKBOOK_GOES = {
    'delete cookbook_version': 1,
    'asks cookbook_version': 1,
    'live cookbook_version': 9,
  } as const;

  test('nothing when the guard was asked about each before', () => {
    expect(textsOf({ 'delete role': 3, 'live role': 10 })).toEqual([]);
  });

  test('few pass, many are held with the reason', () => {
    expect(textsOf({ ...ROLES_GO, 'delete environment': 6, 'asks environment': 6, 'live environment': 10 })).toEqual([
      'The delete guard lets the delete of kind role pass.',
      'The delete guard holds the 6 deletes of kind environment: 6 deletes of 10 objects are more than the 5 that pass without being asked.',
    ]);
  });

  test('what went within a day counts', () => {
    const released = [{ kind: 'role', at: 900, count: 5 }] as const;

    expect(textsOf(ROLES_GO, { released })).toEqual([
      'The delete guard holds the delete of kind role: 1 deletes and 5 more within 24 hours of 10 objects are more than the 5 that pass without being asked.',
    ]);
  });

  test('none passes when the primary is another organization than before', () => {
    expect(textsOf(ROLES_GO, {}, { guids: { primary: 'other', replica: 'r' } })).toEqual([
      'The delete guard holds the delete of kind role: the primary organization was replaced by another one of the same name.',
    ]);
  });

  test('cookbooks wait while roles are left as they are, or their deletes are held', () => {
    const wait =
      'Deletes of kind cookbook_version wait: roles or environments that stay on the replica as they are may name them.';
    const held = { ...ROLES_GO, 'asks role': 6, 'delete role': 6 };

    expect(textsOf({ ...COOKBOOK_GOES, 'keeps role': 1 }).at(-1)).toBe(wait);
    expect(textsOf({ ...COOKBOOK_GOES, ...held }).at(-1)).toBe(wait);
    expect(textsOf({ ...COOKBOOK_GOES, ...ROLES_GO })).not.toContain(wait);
  });
});
