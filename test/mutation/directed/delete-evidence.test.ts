import { expect, test } from 'vitest';
import type { LedgerEntry } from '../../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../../lib/model/object-path.ts';
import { newPairState } from '../../../lib/model/pair-state.ts';
import type { ChefOrg } from '../../../lib/ports/chef-org.ts';
import { copyObjects } from '../../../lib/sync/copy-objects.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { type PairOfMemory, pairOfMemory } from '../../unit/sync/pair-of-memory.ts';

const ROLE: ObjectPath = '/roles/web';
const TEXT = '{"name":"web"}';
const MISSING = { missing: true, isChefShaped: true } as const;

interface Delete {
  readonly primary?: (pair: PairOfMemory) => Partial<ChefOrg>;
  readonly replica?: (pair: PairOfMemory) => Partial<ChefOrg>;
  readonly entry?: Partial<LedgerEntry>;
}

/** A released delete of a role that the replica has reaches a copier. Answers what was deleted there, and the entry afterwards. */
async function copyDelete(some: Delete = {}): Promise<{ removed: readonly ObjectPath[]; entry?: LedgerEntry }> {
  const pair = pairOfMemory(['/roles']);
  const { ledger } = pair;
  pair.replica.set('/roles', new Map([['web', TEXT]]));
  // Nobody remembers a trouble.
  pair.pass(60 * 60_000);
  const removed: ObjectPath[] = [];
  const ctx = {
    ...pair.ctx,
    clock: { ...pair.ctx.clock, sleep: async (milliseconds: number) => pair.pass(milliseconds) },
    primary: { ...pair.ctx.primary, ...some.primary?.(pair) },
    replica: {
      ...pair.ctx.replica,
      remove: async ({ path }: { readonly path: ObjectPath }) => {
        removed.push(path);
        return 'removed' as const;
      },
      ...some.replica?.(pair),
    },
  };
  await ctx.state.update(() => ({
    ...newPairState(0, 'filter', 'copy'),
    guids: { primary: 'primary', replica: 'replica' },
  }));
  const entry = pendingEntry(ROLE, 1, { action: 'delete', owned: 'replica', fingerprint: 'as copied', ...some.entry });
  await ledger.update(ROLE, () => entry);

  await copyObjects(ctx, [{ pair: ctx.pair, path: ROLE, version: entry.version }]);

  return { removed, entry: await ledger.read(ROLE) };
}

test('deletes an object of ours that is gone from the primary', async () => {
  const { removed, entry } = await copyDelete();

  expect(removed).toEqual([ROLE]);
  expect(entry).toMatchObject({ state: 'synced', action: 'delete' });
});

test('keeps an object that the primary called missing while it was failing for others', async () => {
  const { removed, entry } = await copyDelete({
    primary: ({ ctx }) => ({ lastTroubleAt: () => ctx.clock.now() - 5_000 }),
  });

  expect(removed).toEqual([]);
  expect(entry).toMatchObject({ state: 'pending', action: 'delete', lastError: { code: 'NO_EVIDENCE' } });
});

test('keeps an object that an overloaded primary called missing for a second and a half', async () => {
  const { removed, entry } = await copyDelete({
    primary: ({ ctx }) => {
      const burstEndsAt = ctx.clock.now() + 1_500;
      return { read: async (ref) => (ctx.clock.now() < burstEndsAt ? MISSING : { ref, text: TEXT }) };
    },
    replica: () => ({ create: async () => 'exists' }),
  });

  expect(removed).toEqual([]);
  expect(entry).toMatchObject({ state: 'synced', action: 'upsert' });
});

test('keeps an object when a proxy answers in the place of the primary', async () => {
  const { removed, entry } = await copyDelete({
    primary: () => ({ read: async () => ({ missing: true, isChefShaped: false }) }),
  });

  expect(removed).toEqual([]);
  expect(entry).toMatchObject({ state: 'pending', action: 'delete' });
});

test('keeps an object that another primary of the same name lacks', async () => {
  const { removed } = await copyDelete({ primary: () => ({ probe: async () => ({ guid: 'another' }) }) });

  expect(removed).toEqual([]);
});

test('keeps an object that people made on the replica when the primary deletes its own of that name', async () => {
  const { removed } = await copyDelete({ entry: { owned: undefined, fingerprint: undefined } });

  expect(removed).toEqual([]);
});

test('keeps an object that was made again while its delete was being looked into', async () => {
  const { removed } = await copyDelete({
    primary: ({ ledger }) => ({
      probe: async () => {
        await ledger.update(ROLE, (entry) => entry && { ...entry, version: { epoch: 1, n: 2 }, action: 'upsert' });
        return { guid: 'primary' };
      },
    }),
  });

  expect(removed).toEqual([]);
});

test('goes on with a delete after a failing replica said that it was done already', async () => {
  const { entry } = await copyDelete({
    replica: ({ ctx }) => ({ remove: async () => 'missing', lastTroubleAt: () => ctx.clock.now() }),
  });

  expect(entry).toMatchObject({ state: 'pending', action: 'delete', lastError: { code: 'NO_EVIDENCE' } });
});
