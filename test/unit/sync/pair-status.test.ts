import { expect, test } from 'vitest';
import type { LedgerEntry } from '../../../lib/model/ledger-entry.ts';
import { newPairState } from '../../../lib/model/pair-state.ts';
import { pairStatus } from '../../../lib/sync/pair-status.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { pairOfMemory } from './pair-of-memory.ts';

test('the objects of a pair are those that the lists of its epoch have, without what leaves the primary', async () => {
  const { ctx, ledger } = pairOfMemory(['/roles']);
  await ctx.state.update(() => ({ ...newPairState(1, 'filter', 'copy'), epoch: 2 }));
  const list = { side: 'primary', generation: 0 } as const;
  await ledger.updateList('primary', '/roles', () => ({ ...list, list: '/roles', epoch: 2, count: 10 }));
  await ledger.updateList('primary', '/environments', () => ({ ...list, list: '/environments', epoch: 1, count: 100 }));
  const leaving: readonly LedgerEntry[] = [
    pendingEntry('/roles/held', 1, { action: 'delete', state: 'held' }),
    pendingEntry('/roles/being-deleted', 1, { action: 'delete' }),
    pendingEntry('/roles/absent', 1, { state: 'synced', absent: 1 }),
  ];
  for (const entry of leaving) await ledger.update(entry.path, () => entry);

  const { counts } = await pairStatus({
    pair: ctx.pair,
    ledger,
    state: ctx.state,
    now: 1,
    pollSeconds: 60,
    filterHash: 'filter',
  });

  expect(counts).toMatchObject({ total: 7, held: 1, pendingDeletes: 1, absent: 1 });
});
