import { describe, expect, test } from 'vitest';
import { deleteLimit, type GuardedDeletes, guardDeletes, releasedLastDay } from '../../../lib/plan/guard-deletes.ts';

const deletes = (some: Partial<GuardedDeletes>): GuardedDeletes => ({
  candidates: 1,
  live: 1000,
  releasedLastDay: 0,
  ...some,
});

describe('deleteLimit', () => {
  test.each([
    [0, 20],
    [1, 20],
    [3, 20],
    [4, 2],
    [5, 2],
    [10, 5],
    [39, 19],
    [40, 20],
    [200, 20],
    [209, 20],
    [210, 21],
    [1000, 100],
    [100_000, 10_000],
  ])('of %i objects %i may go in a day', (live, limit) => {
    expect(deleteLimit(live)).toBe(limit);
  });
});

describe('guardDeletes', () => {
  test.each<[string, Partial<GuardedDeletes>, boolean]>([
    ['a handful', { candidates: 20, live: 200 }, true],
    ['one too many of a few', { candidates: 21, live: 200 }, false],
    ['a tenth', { candidates: 100 }, true],
    ['more than a tenth', { candidates: 101 }, false],
    ['half of a small organization', { candidates: 5, live: 10 }, true],
    ['more than half of a small organization', { candidates: 6, live: 10 }, false],
    ['all three of three', { candidates: 3, live: 3 }, true],
    ['all four of four', { candidates: 4, live: 4 }, false],
    ['all of them', { candidates: 1000 }, false],
    ['what is left of the day', { candidates: 40, releasedLastDay: 60 }, true],
    ['more than is left of the day', { candidates: 41, releasedLastDay: 60 }, false],
    ['one that came back, whatever went before', { candidates: 0, live: 5, releasedLastDay: 4 }, true],
    ['a single one of a list that was never read', { live: undefined }, false],
    ['a single one after the primary was replaced', { holdsEveryDelete: 'replaced' }, false],
  ])('%s: %o', (_, some, isReleased) => {
    expect(guardDeletes(deletes(some)).isReleased).toBe(isReleased);
  });

  test('the reason counts what was asked for, what went before, and what is allowed', () => {
    expect(guardDeletes(deletes({ candidates: 30, live: 100, releasedLastDay: 5 }))).toEqual({
      isReleased: false,
      reason: '30 deletes and 5 more within 24 hours of 100 objects are more than the 20 that pass without being asked',
    });
  });

  test("the operator reads the pair's own reason when every delete is held", () => {
    expect(guardDeletes(deletes({ holdsEveryDelete: 'the primary was replaced' }))).toMatchObject({
      reason: 'the primary was replaced',
    });
  });
});

test('only deletes of the kind in the last 24 hours count as released', () => {
  const DAY_MS = 24 * 60 * 60_000;
  const released = [
    { kind: 'role', at: 0, count: 5 },
    { kind: 'role', at: 1, count: 3 },
    { kind: 'role', at: 1_000, count: 1 },
    { kind: 'environment', at: 1_000, count: 7 },
  ] as const;

  expect(releasedLastDay(released, 'role', DAY_MS)).toBe(4);
});
