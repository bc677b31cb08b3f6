import { describe, expect, test } from 'vitest';
import { type InventoryProgress, NEVER_READ, type PassScope } from '../../../lib/model/pair-state.ts';
import { FULL_READING_EVERY_MS, nextPass, pacedMs } from '../../../lib/plan/pace-inventory.ts';

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

const next = (progress: InventoryProgress, now: number, done: readonly PassScope[] = []) =>
  nextPass(progress, { now, share: 0.05, done: new Set(done) });

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

  test('when both are due, names come first: they are cheap', () => {
    expect(next(read, 1_000_000)).toMatchObject({ scope: 'names' });
    expect(next(read, 1_000_000, ['names'])).toMatchObject({ scope: 'contents' });
  });

  test('no scope is read twice in one poll', () => {
    expect(next(read, 1_000_000, ['names', 'contents'])).toBeUndefined();
    expect(next(NEVER_READ, 0, ['contents'])).toBeUndefined();
  });

  test('frozen cookbook versions are read again at half the pace: 40 t after a reading that took t', () => {
    const namesRead = { ...read, fullTookMs: 20_000, names: reading(800_000, 1_000) };
    expect(next(namesRead, 799_999)).toEqual({ scope: 'contents', isFull: false });
    expect(next(namesRead, 800_000)).toEqual({ scope: 'contents', isFull: true });
  });

  test('of a state that an older version wrote, frozen cookbook versions are read next', () => {
    const { fullTookMs: _unknown, ...older } = { ...read, names: reading(200_000, 1_000) };
    expect(next(older, 200_000)).toEqual({ scope: 'contents', isFull: true });
  });

  test('however long it takes, frozen cookbook versions are read again once a day', () => {
    const namesRead = { ...read, names: reading(FULL_READING_EVERY_MS, 1_000) };
    expect(next(namesRead, FULL_READING_EVERY_MS - 1)).toEqual({ scope: 'contents', isFull: false });
    expect(next(namesRead, FULL_READING_EVERY_MS)).toEqual({ scope: 'contents', isFull: true });
  });

  test('a large organization is never read all the time: 10 minutes of reading, then 200 of rest', () => {
    const minute = 60_000;
    const large = { ...read, names: reading(210 * minute, 1_000), contents: reading(10 * minute, 10 * minute) };
    expect(next(large, 210 * minute - 1)).toBeUndefined();
    expect(next(large, 210 * minute)).toMatchObject({ scope: 'contents' });
  });
});

describe('pacedMs', () => {
  test('a pass that a hiccup of the server made a hundred times longer counts for three times the one before', () => {
    expect(pacedMs(240_000, 2_000)).toBe(6_000);
  });

  test('a server that stays slow is believed within a few passes', () => {
    const counted = Array.from({ length: 6 }).reduce<number>((earlier) => pacedMs(240_000, earlier), 2_000);
    expect(counted).toBe(240_000);
  });

  test('passes that took next to nothing do not bind those after them', () => {
    expect(pacedMs(900, 0)).toBe(900);
  });

  test('the first pass counts for what it took, and a quicker one too', () => {
    expect(pacedMs(240_000, undefined)).toBe(240_000);
    expect(pacedMs(10, 240_000)).toBe(10);
  });
});
