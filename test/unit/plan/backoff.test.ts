import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ATTEMPTS_BEFORE_PARKING, retryDelayMs } from '../../../lib/plan/backoff.ts';

describe('retryDelayMs', () => {
  test('a failing object is tried again after 1, 2, 4 … 60 minutes', () => {
    const minutes = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => retryDelayMs(attempt, 0) / 60_000);
    expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  test('an object is parked after about two hours of trying', () => {
    const attempts = Array.from({ length: ATTEMPTS_BEFORE_PARKING - 1 }, (_, i) => i + 1);
    const totalMs = attempts.reduce((sum, attempt) => sum + retryDelayMs(attempt, 0), 0);
    expect(totalMs / 60_000).toBe(123);
  });

  test('objects that failed together come back spread, never later than stated', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (n, random) => {
          const delayMs = retryDelayMs(n, random);
          expect(delayMs).toBeLessThanOrEqual(retryDelayMs(n, 0));
          expect(delayMs).toBeGreaterThanOrEqual(retryDelayMs(n, 0) * 0.75);
        },
      ),
    );
    expect(retryDelayMs(3, 0.2)).not.toBe(retryDelayMs(3, 0.8));
  });
});
