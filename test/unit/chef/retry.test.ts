import { describe, expect, test } from 'vitest';
import { askedPauseMs, isTriedAgain, mayPass, pauseBeforeTry } from '../../../lib/chef/retry.ts';
import type { RequestFailure } from '../../../lib/model/chef-request-error.ts';

const failure = (some: Partial<RequestFailure>): RequestFailure => ({
  side: 'primary',
  request: 'GET /roles',
  cause: 'status',
  text: 'no',
  ...some,
});

test.each([
  [true, failure({ status: 503 })],
  [true, failure({ status: 429 })],
  [true, failure({ cause: 'time-out' })],
  [true, failure({ cause: 'connection' })],
  [false, failure({ status: 404 })],
  [false, failure({ status: 501 })],
  [false, failure({ cause: 'object' })],
])('it is %s that a failure like %o may pass by itself', (may, found) => {
  expect(mayPass(found)).toBe(may);
});

describe('isTriedAgain', () => {
  const busy = failure({ status: 503 });

  test('a request is tried four times unless it says otherwise, and no more a minute after its first try', () => {
    expect(isTriedAgain(busy, { failedTries: 3, elapsedMs: 60_000 })).toBe(true);
    expect(isTriedAgain(busy, { failedTries: 4, elapsedMs: 0 })).toBe(false);
    expect(isTriedAgain(busy, { failedTries: 1, tries: 1, elapsedMs: 0 })).toBe(false);
    expect(isTriedAgain(busy, { failedTries: 1, elapsedMs: 60_001 })).toBe(false);
  });

  test('what never passes is tried once', () => {
    expect(isTriedAgain(failure({ status: 403 }), { failedTries: 1, elapsedMs: 0 })).toBe(false);
  });
});

test('pauses double, and are as long as the server asks for, but no longer than half a minute', async () => {
  const slept: number[] = [];
  const clock = { now: () => 0, random: () => 0.5, sleep: async (ms: number) => void slept.push(ms) };

  for (const failedTries of [1, 2, 3]) await pauseBeforeTry(clock, failedTries);
  await pauseBeforeTry(clock, 1, askedPauseMs('7'));
  await pauseBeforeTry(clock, 1, askedPauseMs('3600'));
  await pauseBeforeTry(clock, 1, askedPauseMs('Sat, 28 Nov 2026 11:00:00 GMT'));

  expect(slept).toEqual([500, 1_000, 2_000, 7_000, 30_000, 500]);
});
