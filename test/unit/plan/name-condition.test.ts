import { describe, expect, test } from 'vitest';
import type { StatusCounts } from '../../../lib/model/pair-condition.ts';
import { newPairState, type PairState } from '../../../lib/model/pair-state.ts';
import { type ConditionFacts, isFilterUnpolled, nameCondition } from '../../../lib/plan/name-condition.ts';

const NOW = 1_000_000;

/** Polled completely a moment ago, and bootstrapped. */
const following: PairState = {
  ...newPairState(0, 'filter', 'copy'),
  bootstrappedAt: 1,
  lastPoll: { startedAt: NOW - 1_000, endedAt: NOW, isComplete: true },
  lastGoodPollAt: NOW,
};

const NOTHING: StatusCounts = {
  total: 10,
  pendingUpserts: 0,
  pendingDeletes: 0,
  failing: 0,
  parked: 0,
  held: 0,
  absent: 0,
  stages: { content: 0, definitions: 0, pointers: 0, deletes: 0 },
  onlyOnReplica: 0,
};

interface Case {
  readonly state?: Partial<PairState>;
  readonly counts?: Partial<StatusCounts>;
  readonly facts?: Partial<ConditionFacts>;
  readonly setting?: Partial<Parameters<typeof nameCondition>[2]>;
}

function textOf({ state, counts, facts, setting }: Case = {}): string {
  const read = { namesAt: 1, contentsAt: 1 };
  const all = { counts: { ...NOTHING, ...counts }, unread: [], readings: { primary: read, replica: read }, ...facts };
  const { text } = nameCondition({ ...following, ...state }, all, {
    now: NOW,
    pollSeconds: 60,
    filterHash: 'filter',
    ...setting,
  });
  return text;
}

describe('nameCondition', () => {
  test('a pair is in sync when it runs, everything was read, and nothing is left to do', () => {
    expect(textOf()).toBe('in sync');
  });

  test.each<[string, Case]>([
    ['no longer configured', { setting: { pollSeconds: undefined } }],
    ['stopped', { state: { isStopped: true } }],
    [
      'waiting for primary (503)',
      { state: { paused: { side: 'primary', code: 'STATUS_503', reason: '503', since: 0, until: NOW } } },
    ],
    ['bootstrapping 10/10', { state: { lastPoll: undefined, lastGoodPollAt: undefined } }],
    ['bootstrapping 7/10', { state: { bootstrappedAt: undefined }, counts: { pendingUpserts: 3 } }],
    ['bootstrapping (filter changed)', { setting: { filterHash: 'another' } }],
    ['catching up 4', { counts: { pendingUpserts: 3, pendingDeletes: 1 } }],
    ['catching up 1, unsynced 3, deletes held 2', { counts: { pendingUpserts: 2, failing: 1, parked: 2, held: 2 } }],
    ['deletes held 2, unsynced 1', { counts: { held: 2, absent: 1 } }],
    ['unsynced 3', { counts: { pendingUpserts: 1, failing: 1, parked: 1, absent: 1 } }],
    ['baseline not compared', { state: { start: 'baseline' } }],
    [
      'waiting for primary (list /roles cannot be read: 403)',
      { facts: { unread: [{ side: 'primary', list: '/roles', reason: '403' }] } },
    ],
    ['bootstrapping 10/10', { facts: { readings: { primary: { contentsAt: 1 }, replica: { namesAt: 1 } } } }],
  ])('a pair is called "%s" and not in sync', (text, found) => {
    expect(textOf(found)).toBe(text);
  });

  test('a pair without a state was never polled', () => {
    const facts = { counts: NOTHING, unread: [], readings: { primary: {}, replica: {} } };
    const setting = { now: NOW, pollSeconds: 60, filterHash: undefined };
    expect(nameCondition(undefined, facts, setting)).toEqual({ condition: 'never polled', text: 'never polled' });
  });

  test('a pair is stale when no poll worked for three intervals, unless one is under way', () => {
    expect(textOf({ setting: { now: NOW + 180_000 } })).toBe('in sync');
    expect(textOf({ setting: { now: NOW + 180_001 } })).toMatch(
      /^stale \(no poll has worked since 1970-01-01T00:16:40/,
    );
    expect(textOf({ setting: { now: NOW + 180_001 }, state: { leaseUntil: NOW + 200_000 } })).toBe('in sync');
  });

  test('a pair of which no poll has worked yet counts from the beginning of its epoch', () => {
    const state = { lastGoodPollAt: undefined, bootstrappedAt: undefined, epochStartedAt: NOW };
    expect(textOf({ state, setting: { now: NOW + 180_000 } })).toBe('bootstrapping 10/10');
    expect(textOf({ state, setting: { now: NOW + 180_001 } })).toMatch(/^stale/);
  });
});

test('a filter that nobody knows, or that the last poll knew, is no changed filter', () => {
  expect(isFilterUnpolled(following, 'another')).toBe(true);
  expect(isFilterUnpolled(following, 'filter')).toBe(false);
  expect(isFilterUnpolled(following, undefined)).toBe(false);
  expect(isFilterUnpolled(undefined, 'another')).toBe(false);
});
