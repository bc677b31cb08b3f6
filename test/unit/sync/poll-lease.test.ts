import { expect, test } from 'vitest';
import { newPairState, type PairState } from '../../../lib/model/pair-state.ts';
import { takeLease } from '../../../lib/sync/poll-lease.ts';
import { pairOfMemory } from './pair-of-memory.ts';

const MINUTE_MS = 60_000;

/** Whether a poll of a pair begins whose state is changed like that. */
async function begins(change: (now: number) => Partial<PairState>): Promise<boolean> {
  const { ctx } = pairOfMemory(['/roles']);
  const now = ctx.clock.now();
  await ctx.state.update(() => ({ ...newPairState(now, 'filter', 'copy'), ...change(now) }));
  return !('refused' in (await takeLease(ctx, MINUTE_MS)));
}

/** Whether a poll of a pair begins that waits for its primary until so long after now. */
const beginsWhenPausedFor = (ms: number): Promise<boolean> =>
  begins((now) => ({ paused: { side: 'primary', code: 'CLOCK', reason: '401', since: now, until: now + ms } }));

test('a pair that is stopped is not polled', async () => {
  expect(await begins(() => ({ isStopped: true }))).toBe(false);
});

test('a pair is not polled while another poll has its lease', async () => {
  expect(await begins((now) => ({ leaseUntil: now + 1 }))).toBe(false);
  expect(await begins((now) => ({ leaseUntil: now }))).toBe(true);
});

test('a pair that waits for a server is not polled before its pause is over', async () => {
  expect(await beginsWhenPausedFor(MINUTE_MS)).toBe(false);
  expect(await beginsWhenPausedFor(0)).toBe(true);
});

test('a pause that a clock began which has been set back since keeps nobody waiting for that time', async () => {
  expect(await beginsWhenPausedFor(20 * MINUTE_MS)).toBe(true);
});
