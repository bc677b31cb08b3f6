import { expect, test } from 'vitest';
import { type HealthFacts, judgeHealth, lagMs } from '../../../lib/plan/judge-health.ts';

const MINUTE_MS = 60_000;
const judge = (some: Partial<HealthFacts> = {}) =>
  judgeHealth({
    oldestSince: undefined,
    hasParked: false,
    hasPlans: false,
    isPaused: false,
    polledAt: 60 * MINUTE_MS,
    intervalMs: MINUTE_MS,
    now: 60 * MINUTE_MS,
    ...some,
  });

test('a pair that waits for nothing needs nobody', () => {
  expect(judge()).toEqual({ lagMs: 0, needsAttention: false });
});

test('a change that waits for more than half an hour needs a person', () => {
  expect(judge({ oldestSince: 30 * MINUTE_MS })).toEqual({ lagMs: 30 * MINUTE_MS, needsAttention: false });
  expect(judge({ oldestSince: 30 * MINUTE_MS - 1 })).toMatchObject({ needsAttention: true });
});

test.each(['hasParked', 'hasPlans', 'isPaused'] as const)('a pair with %s needs a person at once', (fact) => {
  expect(judge({ [fact]: true })).toEqual({ lagMs: 0, needsAttention: true });
});

test('a pair whose polls get no turn for half an hour needs a person, one that is polled rarely after three of them', () => {
  expect(judge({ polledAt: 30 * MINUTE_MS })).toMatchObject({ needsAttention: false });
  expect(judge({ polledAt: 30 * MINUTE_MS - 1 })).toEqual({ lagMs: 0, needsAttention: true });
  expect(judge({ polledAt: 0, intervalMs: 20 * MINUTE_MS })).toMatchObject({ needsAttention: false });
  expect(judge({ polledAt: -1, intervalMs: 20 * MINUTE_MS })).toMatchObject({ needsAttention: true });
});

test('a change of a machine whose clock is ahead is no negative lag', () => {
  expect(lagMs(1_001, 1_000)).toBe(0);
});
