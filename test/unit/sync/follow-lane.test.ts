import { expect, test } from 'vitest';
import { newPairState } from '../../../lib/model/pair-state.ts';
import { copyObjects } from '../../../lib/sync/copy-objects.ts';
import { followLane } from '../../../lib/sync/follow-lane.ts';
import type { PairContext } from '../../../lib/sync/pair-context.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { pairOfMemory } from './pair-of-memory.ts';

const VISIBILITY_MS = 360_000;

const inLane = (ctx: PairContext, lane: string): PairContext => ({ ...ctx, queue: { ...ctx.queue, lane } });

test('a pair sends to its first lane at once, and without a word to the state from then on', async () => {
  const { ctx, lease } = pairOfMemory(['/roles']);

  expect(await followLane(inLane(ctx, 'a'), lease)).toBe(true);
  const state = lease.state();
  expect(state.lane).toEqual({ name: 'a' });

  expect(await followLane(inLane(ctx, 'a'), lease)).toBe(true);
  expect(lease.state()).toBe(state);
});

test('a pair that was given another lane sends nothing until no copy was out for one visibility time-out', async () => {
  const { ctx, lease, ledger, pass } = pairOfMemory(['/roles']);
  await followLane(inLane(ctx, 'a'), lease);
  const out = pendingEntry('/roles/web', 1, { sentAt: ctx.clock.now(), nextAttemptAt: ctx.clock.now() + 10_000 });
  await ledger.update('/roles/web', () => out);
  const moved = inLane(ctx, 'b');

  expect(await followLane(moved, lease)).toBe(false);
  expect(lease.state().lane).toEqual({ name: 'a' });

  pass(10_000);
  expect(await followLane(moved, lease)).toBe(false);
  pass(VISIBILITY_MS - 1);
  expect(await followLane(moved, lease)).toBe(false);
  pass(1);
  expect(await followLane(moved, lease)).toBe(true);
  expect(lease.state().lane).toEqual({ name: 'b' });
});

test('a copy that is out again begins the wait anew', async () => {
  const { ctx, lease, ledger, pass } = pairOfMemory(['/roles']);
  await followLane(inLane(ctx, 'a'), lease);
  const moved = inLane(ctx, 'b');
  expect(await followLane(moved, lease)).toBe(false);

  await ledger.update('/roles/web', () =>
    pendingEntry('/roles/web', 1, { sentAt: ctx.clock.now(), nextAttemptAt: ctx.clock.now() + VISIBILITY_MS }),
  );
  pass(VISIBILITY_MS - 1);
  expect(await followLane(moved, lease)).toBe(false);
  pass(2);
  expect(await followLane(moved, lease)).toBe(false);
  pass(VISIBILITY_MS);
  expect(await followLane(moved, lease)).toBe(true);
});

test('a pair that gets its lane back goes on at once', async () => {
  const { ctx, lease } = pairOfMemory(['/roles']);
  await followLane(inLane(ctx, 'a'), lease);
  expect(await followLane(inLane(ctx, 'b'), lease)).toBe(false);

  expect(await followLane(inLane(ctx, 'a'), lease)).toBe(true);
  expect(lease.state().lane).toEqual({ name: 'a' });
});

test('a copier leaves alone what a lane delivers that the pair has left', async () => {
  const { ctx, ledger } = pairOfMemory(['/roles']);
  await ctx.state.update(() => ({ ...newPairState(1, 'filter', 'copy'), lane: { name: 'b' } }));
  await ledger.update('/roles/web', () => pendingEntry('/roles/web', 1, { sentAt: 1 }));
  const before = await ledger.read('/roles/web');
  const message = { pair: ctx.pair, path: '/roles/web', version: { epoch: 1, n: 1 } } as const;

  expect(await copyObjects(ctx, [message], { lane: 'a' })).toEqual(['superseded']);

  expect(await ledger.read('/roles/web')).toEqual(before);
});
