import { describe, expect, test } from 'vitest';
import {
  type InventoryProgress,
  NEVER_READ,
  newPairState,
  type PairState,
  type Pass,
  type PassScope,
} from '../../../lib/model/pair-state.ts';
import {
  areReadSideBySide,
  FULL_READING_EVERY_MS,
  isContentAwaited,
  nextPass,
  progressAfter,
  unreadOf,
} from '../../../lib/plan/pace-inventory.ts';

const reading = (endedAt: number, tookMs: number) => ({ number: 1, endedAt, tookMs, completeAt: endedAt });

/** Names took 1 s and contents 10 s, both ended at time 0. */
const read: InventoryProgress = {
  ...NEVER_READ,
  number: 2,
  names: reading(0, 1_000),
  contents: reading(0, 10_000),
  fullAt: 0,
  fullTookMs: FULL_READING_EVERY_MS,
};

const next = (progress: InventoryProgress, now: number, done: readonly PassScope[] = [], areNamesAwaited = false) =>
  nextPass(progress, { now, share: 0.05, done: new Set(done), areNamesAwaited });

describe('nextPass', () => {
  test('an epoch begins by reading everything, frozen cookbook versions too', () => {
    expect(next(NEVER_READ, 0)).toEqual({ scope: 'contents', isFull: true });
  });

  test('E3.18 a pass that took t begins again 20 t after its end, no sooner', () => {
    expect(next(read, 19_999)).toBeUndefined();
    expect(next(read, 20_000)).toEqual({ scope: 'names', isFull: false });
    const namesRead = { ...read, names: reading(190_000, 1_000) };
    expect(next(namesRead, 199_999)).toBeUndefined();
    expect(next(namesRead, 200_000)).toEqual({ scope: 'contents', isFull: false });
  });

  test('content is awaited until it was listed later than that', () => {
    const state = newPairState(0, 'filter', 'copy');
    expect(isContentAwaited(state)).toBe(false);
    expect(isContentAwaited({ ...state, contentAwaitedSince: 60 })).toBe(true);
    expect(isContentAwaited({ ...state, contentAwaitedSince: 60, contentListedAt: 59 })).toBe(true);
    expect(isContentAwaited({ ...state, contentAwaitedSince: 60, contentListedAt: 60 })).toBe(false);
  });

  test('names that something waits for are read at once, and once in a poll', () => {
    expect(next(read, 1, [], true)).toEqual({ scope: 'names', isFull: false });
    expect(next(read, 1, ['names'], true)).toBeUndefined();
  });

  test('when both are due, names come first: they are cheap', () => {
    expect(next(read, 1_000_000)).toMatchObject({ scope: 'names' });
    expect(next(read, 1_000_000, ['names'])).toMatchObject({ scope: 'contents' });
  });

  test('after a clock that was ahead was set right, changes are looked for at once and not when it is that late again', () => {
    const ahead = { ...read, names: reading(600_000, 1_000), contents: reading(600_000, 10_000), fullAt: 600_000 };
    expect(next(ahead, 1_000)).toEqual({ scope: 'names', isFull: false });
    expect(next(ahead, 1_000, ['names'])).toEqual({ scope: 'contents', isFull: true });
  });

  test('no scope is read twice in one poll', () => {
    expect(next(read, 1_000_000, ['names', 'contents'])).toBeUndefined();
    expect(next(NEVER_READ, 0, ['contents'])).toBeUndefined();
  });

  test('frozen cookbook versions are read again at half the pace: 40 t after a reading that took t', () => {
    const namesRead = { ...read, fullTookMs: 20_000, names: reading(799_999, 1_000) };
    expect(next(namesRead, 799_999)).toEqual({ scope: 'contents', isFull: false });
    expect(next(namesRead, 800_000)).toEqual({ scope: 'contents', isFull: true });
  });

  test('of a state that an older version wrote, frozen cookbook versions are read next', () => {
    const { fullTookMs: _unknown, ...older } = { ...read, names: reading(200_000, 1_000) };
    expect(next(older, 200_000)).toEqual({ scope: 'contents', isFull: true });
  });

  test('however long it takes, frozen cookbook versions are read again once a day', () => {
    const namesRead = { ...read, names: reading(FULL_READING_EVERY_MS - 1, 1_000) };
    expect(next(namesRead, FULL_READING_EVERY_MS - 1)).toEqual({ scope: 'contents', isFull: false });
    expect(next(namesRead, FULL_READING_EVERY_MS)).toEqual({ scope: 'contents', isFull: true });
  });

  test('a large organization is never read all the time: 10 minutes of reading, then 200 of rest', () => {
    const minute = 60_000;
    const large = { ...read, names: reading(210 * minute - 1, 1_000), contents: reading(10 * minute, 10 * minute) };
    expect(next(large, 210 * minute - 1)).toBeUndefined();
    expect(next(large, 210 * minute)).toMatchObject({ scope: 'contents' });
  });
});

/** A pass that begins at 500 and has read everything. */
const pass = (some: Partial<Pass>): Pass => ({
  scope: 'contents',
  isFull: false,
  startedAt: 500,
  busyMs: 10_000,
  nextList: '/~',
  unread: [],
  ...some,
});

describe('progressAfter', () => {
  const ended = (some: Partial<Pass>, before: InventoryProgress = read) =>
    progressAfter({ ...before, pass: pass(some) }, pass(some), 900);
  /** What a pass counts for in the pace. */
  const counted = (busyMs: number, earlierMs: number | undefined) =>
    ended({ busyMs }, { ...read, contents: earlierMs === undefined ? undefined : reading(0, earlierMs) }).contents
      ?.tookMs;

  test('a pass that a hiccup of the server made a hundred times longer counts for three times the one before', () => {
    expect(counted(240_000, 2_000)).toBe(6_000);
  });

  test('a server that stays slow is believed within a few passes', () => {
    const last = Array.from({ length: 6 }).reduce<number | undefined>((earlier) => counted(240_000, earlier), 2_000);
    expect(last).toBe(240_000);
  });

  test('passes that took next to nothing do not bind those after them', () => {
    expect(counted(900, 0)).toBe(900);
  });

  test('the first pass counts for what it took, and a quicker one too', () => {
    expect(counted(240_000, undefined)).toBe(240_000);
    expect(counted(10, 240_000)).toBe(10);
  });

  test('no pass is under way any more, and its end is noted under its scope alone', () => {
    expect(ended({ scope: 'names', busyMs: 2_000 })).toEqual({
      ...read,
      names: { number: 2, endedAt: 900, tookMs: 2_000, completeAt: 500 },
    });
  });

  test('a list that could not be read leaves the reading as complete as it was', () => {
    const unread = [{ list: '/roles', reason: 'no' }] as const;
    const { contents, fullAt, unread: told } = ended({ isFull: true, unread });
    expect(contents).toMatchObject({ endedAt: 900, completeAt: 0 });
    expect([fullAt, told]).toEqual([0, unread]);
  });

  test('what could not be read of the objects is told of until they are read again, over passes of names alone', () => {
    const unshown = [{ list: '/roles', reason: '1 of its objects' }] as const;
    const after = ended({ scope: 'contents', unshown });
    expect(after.contents).toMatchObject({ completeAt: 0 });
    expect(unreadOf(after)).toEqual(unshown);
    expect(unreadOf(ended({ scope: 'names' }, after))).toEqual(unshown);
    expect(unreadOf(ended({ scope: 'contents' }, after))).toEqual([]);
  });

  test('the first pass of an epoch has read the names too, and sets no pace for them', () => {
    const { names, contents, fullAt, fullTookMs } = ended({ isFull: true }, { ...NEVER_READ, number: 2 });
    expect(names).toMatchObject({ number: 2, tookMs: 0 });
    expect(contents).toMatchObject({ number: 2, tookMs: 10_000 });
    expect([fullAt, fullTookMs]).toEqual([500, 10_000]);
  });

  test('reading the frozen versions too sets its own pace, not that of the other contents', () => {
    const { contents, fullTookMs } = ended({ isFull: true, busyMs: 25_000 }, { ...read, fullTookMs: 20_000 });
    expect([contents?.tookMs, fullTookMs]).toEqual([10_000, 25_000]);
  });
});

describe('areReadSideBySide', () => {
  const state = (took: number, some: Partial<PairState> = {}): PairState => {
    const side = { ...read, contents: reading(0, took) };
    return {
      ...newPairState(0, 'filter', 'copy'),
      bootstrappedAt: 1,
      inventory: { primary: side, replica: side },
      ...some,
    };
  };

  test('only both sides of a small organization, once it is bootstrapped and no pass is under way', () => {
    expect(areReadSideBySide(state(5_000))).toBe(true);
    expect(areReadSideBySide(state(5_001))).toBe(false);
    expect(areReadSideBySide(state(5_000, { bootstrappedAt: undefined }))).toBe(false);
    const { primary, replica } = state(5_000).inventory;
    expect(areReadSideBySide(state(1, { inventory: { primary, replica: { ...replica, pass: pass({}) } } }))).toBe(
      false,
    );
    expect(areReadSideBySide(newPairState(0, 'filter', 'copy'))).toBe(false);
  });
});
