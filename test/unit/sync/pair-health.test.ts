import { expect, test } from 'vitest';
import { newPairState } from '../../../lib/model/pair-state.ts';
import type { PairContext } from '../../../lib/sync/pair-context.ts';
import { pairHealth } from '../../../lib/sync/pair-health.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { pairOfMemory } from './pair-of-memory.ts';

async function stoppedPair(): Promise<PairContext> {
  const { ctx } = pairOfMemory(['/roles']);
  await ctx.state.update(() => ({ ...newPairState(1, 'filter', 'copy'), isStopped: true }));
  return ctx;
}

test('the health of a pair is its oldest change, and whether a person must look', async () => {
  const ctx = await stoppedPair();
  await ctx.ledger.update('/roles/a', () => pendingEntry('/roles/a', 1));
  await ctx.ledger.update('/roles/b', () => pendingEntry('/roles/b', 400, { state: 'parked' }));
  expect(await pairHealth(ctx, 1_000)).toEqual({ lagMs: 0, needsAttention: false });

  await ctx.state.update((state) => state && { ...state, isStopped: false });
  expect(await pairHealth(ctx, 1_001)).toEqual({ lagMs: 1_000, needsAttention: true });

  await ctx.ledger.update('/roles/b', () => pendingEntry('/roles/b', 400));
  expect(await pairHealth(ctx, 1_001)).toEqual({ lagMs: 1_000, needsAttention: false });

  expect(await pairHealth(ctx, 30 * 60_000 + 1)).toMatchObject({ needsAttention: false });
  expect(await pairHealth(ctx, 30 * 60_000 + 2)).toEqual({ lagMs: 30 * 60_000 + 1, needsAttention: true });
});

test('a pair that waits for a server or for an operator needs a person at once', async () => {
  const ctx = await stoppedPair();
  const paused = { side: 'replica', code: 'UNREACHABLE', reason: 'down', since: 1, until: 2 } as const;
  await ctx.state.update((state) => state && { ...state, isStopped: false, paused });
  expect(await pairHealth(ctx, 2)).toEqual({ lagMs: 0, needsAttention: true });

  await ctx.state.update((state) => state && { ...state, paused: undefined });
  expect(await pairHealth(ctx, 2)).toEqual({ lagMs: 0, needsAttention: false });

  await ctx.ledger.writePlan({ id: 'p1', kind: 'role', at: 1, reason: 'more than pass', count: 1, samples: [] });
  expect(await pairHealth(ctx, 2)).toEqual({ lagMs: 0, needsAttention: true });
});

test('a pair without a change needs a person when nobody has polled it for half an hour', async () => {
  const ctx = await stoppedPair();
  const lastPoll = { startedAt: 0, endedAt: 1, isComplete: true };
  await ctx.state.update((state) => state && { ...state, isStopped: false, lastPoll });

  expect(await pairHealth(ctx, 30 * 60_000 + 1)).toEqual({ lagMs: 0, needsAttention: false });
  expect(await pairHealth(ctx, 30 * 60_000 + 2)).toEqual({ lagMs: 0, needsAttention: true });

  const polledRarely = { ...ctx, rules: { ...ctx.rules, pollSeconds: 3_600 } };
  expect(await pairHealth(polledRarely, 3 * 3_600_000 + 1)).toEqual({ lagMs: 0, needsAttention: false });
});

test('a pair that was known for half an hour and has had no poll yet needs a person', async () => {
  const ctx = await stoppedPair();
  await ctx.state.update((state) => state && { ...state, isStopped: false });

  expect(await pairHealth(ctx, 30 * 60_000 + 1)).toEqual({ lagMs: 0, needsAttention: false });
  expect(await pairHealth(ctx, 30 * 60_000 + 2)).toEqual({ lagMs: 0, needsAttention: true });
});
