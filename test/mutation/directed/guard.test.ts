import { expect, test } from 'vitest';
import { observe } from '../../../lib/model/ledger-entry.ts';
import type { ListPath, ObjectPath } from '../../../lib/model/object-path.ts';
import type { Unread } from '../../../lib/model/pair-state.ts';
import { guardHeldDeletes } from '../../../lib/sync/guard-held-deletes.ts';
import { objectText } from '../../simulation/object-texts.ts';
import { createStage } from '../../simulation/stage.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { type PairOfMemory, pairOfMemory } from '../../unit/sync/pair-of-memory.ts';

const HOUR_MS = 60 * 60_000;

/** The primary's list had so many members when it was last read. */
async function listOf(pair: PairOfMemory, list: ListPath, count: number): Promise<void> {
  const row = { side: 'primary', list, epoch: 1, generation: 1, count } as const;
  await pair.ledger.updateList('primary', list, () => row);
}

async function deleteOnPrimary({ ctx, ledger }: PairOfMemory, path: ObjectPath): Promise<void> {
  await ledger.update(path, () => pendingEntry(path, 1, { state: 'synced' }));
  const seen = { path, action: 'delete', epoch: 1, now: ctx.clock.now(), by: 'feed' } as const;
  await ledger.update(path, (entry) => observe(entry, seen));
}

test('deletes that come one by one count together for 24 hours', async () => {
  const pair = pairOfMemory(['/roles']);
  await listOf(pair, '/roles', 10);
  const states: (string | undefined)[] = [];
  for (let n = 1; n <= 6; n += 1) {
    await deleteOnPrimary(pair, `/roles/r${n}`);
    await guardHeldDeletes(pair.ctx, pair.lease);
    states.push((await pair.ledger.read(`/roles/r${n}`))?.state);
    pair.pass(HOUR_MS);
  }
  expect(states).toEqual(['pending', 'pending', 'pending', 'pending', 'pending', 'held']);

  pair.pass(24 * HOUR_MS);
  await guardHeldDeletes(pair.ctx, pair.lease);
  expect(await pair.ledger.read('/roles/r6')).toMatchObject({ state: 'pending' });
});

test('a cookbook that was missed stays until the roles that name it were read after that', async () => {
  const pair = pairOfMemory(['/roles', '/cookbooks']);
  const path = '/cookbooks/apt/1.0.0';
  await listOf(pair, '/cookbooks', 30);
  await pair.ledger.update(path, () =>
    pendingEntry(path, 1, { action: 'delete', state: 'held', owned: 'replica', absent: 4 }),
  );
  const readContentsIn = (number: number) =>
    pair.lease.write((state) => {
      const contents = { number, endedAt: 0, tookMs: 0, completeAt: 0 };
      const primary = { ...state.inventory.primary, number, contents };
      return { ...state, inventory: { ...state.inventory, primary } };
    });

  await readContentsIn(4);
  await guardHeldDeletes(pair.ctx, pair.lease);
  expect(await pair.ledger.read(path)).toMatchObject({ state: 'held' });

  await readContentsIn(5);
  await guardHeldDeletes(pair.ctx, pair.lease);
  expect(await pair.ledger.read(path)).toMatchObject({ state: 'pending' });
});

test('a cookbook that was missed stays while a role that may name it cannot be read, though names were read since', async () => {
  const pair = pairOfMemory(['/roles', '/cookbooks']);
  const path = '/cookbooks/apt/1.0.0';
  await listOf(pair, '/cookbooks', 30);
  await pair.ledger.update(path, () =>
    pendingEntry(path, 1, { action: 'delete', state: 'held', owned: 'replica', absent: 4 }),
  );
  const withUnshown = (unshown: readonly Unread[]) =>
    pair.lease.write((state) => {
      const contents = { number: 5, endedAt: 0, tookMs: 0, completeAt: 0 };
      const primary = { ...state.inventory.primary, number: 6, contents, unread: [], unshown };
      return { ...state, inventory: { ...state.inventory, primary } };
    });

  await withUnshown([{ list: '/roles', reason: '1 of its objects' }]);
  await guardHeldDeletes(pair.ctx, pair.lease);
  expect(await pair.ledger.read(path)).toMatchObject({ state: 'held' });

  await withUnshown([]);
  await guardHeldDeletes(pair.ctx, pair.lease);
  expect(await pair.ledger.read(path)).toMatchObject({ state: 'pending' });
});

test('a primary that was replaced by another organization of its name deletes nothing by itself', async () => {
  const stage = createStage();
  const paths: readonly ObjectPath[] = ['/roles/r1', '/roles/r2', '/roles/r3'];
  for (const path of paths) stage.primary.put(path, objectText(path, 0), 'people');
  await stage.pollFor(2);

  stage.primary.setGuid('guid-of-another-primary');
  stage.primary.remove('/roles/r3');
  await stage.pollFor(12);

  expect(stage.replica.paths().toSorted()).toEqual(paths);
  expect((await stage.status()).condition).toBe('deletes held');
});
