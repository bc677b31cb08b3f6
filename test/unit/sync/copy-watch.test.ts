import { expect, test } from 'vitest';
import type { CopyMessage } from '../../../lib/model/copy-message.ts';
import { newPairState } from '../../../lib/model/pair-state.ts';
import type { Ledger } from '../../../lib/ports/ledger.ts';
import { copyObjects } from '../../../lib/sync/copy-objects.ts';
import type { PairContext } from '../../../lib/sync/pair-context.ts';
import { parkMessage } from '../../../lib/sync/park-message.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { pairOfMemory } from './pair-of-memory.ts';

const messageOf = (path: `/${string}`): CopyMessage => ({ pair: 'eu/acme', path, version: { epoch: 1, n: 1 } });

async function stoppedPair(...paths: readonly `/${string}`[]): Promise<PairContext> {
  const { ctx } = pairOfMemory(['/roles']);
  await ctx.state.update(() => ({ ...newPairState(1, 'filter', 'copy'), isStopped: true }));
  for (const path of paths) await ctx.ledger.update(path, () => pendingEntry(path, 1, { sentAt: 1 }));
  return ctx;
}

test('only messages of which the ledger was told count as recorded when it fails in the middle', async () => {
  const ctx = await stoppedPair('/roles/a', '/roles/b', '/roles/c');
  const failing: Ledger = {
    ...ctx.ledger,
    update: (path, decide) =>
      path === '/roles/b' ? Promise.reject(new Error('throttled')) : ctx.ledger.update(path, decide),
  };
  const recorded: string[] = [];

  const copy = copyObjects(
    { ...ctx, ledger: failing },
    [messageOf('/roles/a'), messageOf('/roles/b'), messageOf('/roles/c')],
    { onRecorded: ({ path }) => recorded.push(path) },
  );

  await expect(copy).rejects.toThrow('throttled');
  expect(recorded).toEqual(['/roles/a']);
});

test('when time is over nothing is begun, and what is left is due at once', async () => {
  const ctx = await stoppedPair('/roles/a');

  expect(await copyObjects(ctx, [messageOf('/roles/a')], { isTimeOver: () => true })).toEqual(['waiting']);

  const entry = await ctx.ledger.read('/roles/a');
  expect(entry).toMatchObject({ attempts: 0, nextAttemptAt: ctx.clock.now() });
  expect(entry?.sentAt).toBeUndefined();
});

test('a dead letter parks its object unless a newer version of it is there', async () => {
  const ctx = await stoppedPair('/roles/a', '/roles/b');
  await ctx.ledger.update('/roles/b', (entry) => entry && { ...entry, version: { epoch: 1, n: 2 } });

  expect(await parkMessage(ctx, messageOf('/roles/a'))).toBe(true);
  expect(await parkMessage(ctx, messageOf('/roles/b'))).toBe(false);
  expect(await parkMessage(ctx, messageOf('/roles/unknown'))).toBe(false);

  expect(await ctx.ledger.read('/roles/a')).toMatchObject({
    state: 'parked',
    lastError: { code: 'COPIERS_CRASHED' },
  });
  expect(await ctx.ledger.read('/roles/b')).toMatchObject({ state: 'pending' });
});
