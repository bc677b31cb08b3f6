import { describe, expect, test } from 'vitest';
import { trustedRef } from '../../../lib/model/object-path.ts';
import type { ChefOrg } from '../../../lib/ports/chef-org.ts';
import type { Ledger } from '../../../lib/ports/ledger.ts';
import { comparePrimaryList } from '../../../lib/sync/compare-primary-list.ts';
import { compareReplicaList } from '../../../lib/sync/compare-replica-list.ts';
import { guardHeldDeletes } from '../../../lib/sync/guard-held-deletes.ts';
import { fingerprintOf } from '../../../lib/sync/pair-context.ts';
import { takeChanges } from '../../../lib/sync/take-changes.ts';
import { pairOfMemory, passOf } from './pair-of-memory.ts';

const manifest = (checksum: string): string =>
  JSON.stringify({ 'frozen?': true, metadata: {}, all_files: [{ path: 'recipes/default.rb', checksum }] });

describe('comparePrimaryList', () => {
  test('a frozen cookbook version that was changed by force is found by the next full reading, not before', async () => {
    const { ctx, primary, pass, settleAll } = pairOfMemory(['/cookbooks']);
    primary.set('/cookbooks', new Map([['apt/1.0.0', manifest('a'.repeat(32))]]));
    for (const number of [1, 2, 3]) {
      await comparePrimaryList(ctx, '/cookbooks', passOf(number, { isFull: number === 1 }));
      await settleAll('/cookbooks');
      pass(60_000);
    }

    primary.get('/cookbooks')?.set('apt/1.0.0', manifest('b'.repeat(32)));

    expect(await comparePrimaryList(ctx, '/cookbooks', passOf(4))).toMatchObject({ observed: 0 });
    expect(await comparePrimaryList(ctx, '/cookbooks', passOf(5, { isFull: true }))).toMatchObject({ observed: 1 });
  });

  test('a version that a lax server lists with a short number is not taken for absent', async () => {
    const { ctx, primary, ledger, pass } = pairOfMemory(['/cookbooks']);
    primary.set('/cookbooks', new Map([['apt/1.2', manifest('a'.repeat(32))]]));
    for (const number of [1, 2, 3]) {
      primary.get('/cookbooks')?.set(`yum/${number}.0.0`, manifest('a'.repeat(32)));
      await comparePrimaryList(ctx, '/cookbooks', passOf(number, { scope: 'names' }));
      pass(60_000);
    }

    expect(await ledger.read('/cookbooks/apt/1.2.0')).toMatchObject({ state: 'pending', action: 'upsert' });
    expect((await ledger.read('/cookbooks/apt/1.2.0'))?.absent).toBeUndefined();
  });

  test('a poll that dies after it observed a change does not hide that the primary went back', async () => {
    const { ctx, primary, ledger, pass, settleAll } = pairOfMemory(['/roles']);
    primary.set('/roles', new Map([['web', JSON.stringify({ name: 'web' })]]));
    for (const number of [1, 2]) {
      await comparePrimaryList(ctx, '/roles', passOf(number));
      await settleAll('/roles');
      pass(60_000);
    }

    primary.get('/roles')?.set('db', JSON.stringify({ name: 'db' }));
    let hasObserved = false;
    const dies: Ledger = {
      ...ledger,
      async update(path, decide) {
        const result = await ledger.update(path, decide);
        hasObserved = true;
        return result;
      },
      async updateList(side, list, decide) {
        if (hasObserved) throw new Error('the process died');
        return await ledger.updateList(side, list, decide);
      },
    };
    await expect(comparePrimaryList({ ...ctx, ledger: dies }, '/roles', passOf(3))).rejects.toThrow('died');
    await settleAll('/roles');
    pass(60_000);
    primary.get('/roles')?.delete('db');

    expect(await comparePrimaryList(ctx, '/roles', passOf(4, { scope: 'names' }))).toMatchObject({ absent: 1 });
  });

  test('objects that came while another one is missing count for the guard', async () => {
    const { ctx, primary, ledger, lease, pass, settleAll } = pairOfMemory(['/roles']);
    const named = (...names: readonly string[]) =>
      new Map(names.map((name) => [name, JSON.stringify({ name })] as const));
    primary.set('/roles', named('a', 'b', 'c'));
    await comparePrimaryList(ctx, '/roles', passOf(1));
    await settleAll('/roles');
    pass(60_000);
    primary.set('/roles', named('b', 'c', 'd', 'e', 'f'));
    await comparePrimaryList(ctx, '/roles', passOf(2));
    primary.set('/roles', named('a', 'b', 'c', 'd', 'e', 'f'));
    await settleAll('/roles');
    pass(60_000);

    primary.set('/roles', named('f'));
    for (const number of [3, 4]) {
      await comparePrimaryList(ctx, '/roles', passOf(number, { scope: 'names' }));
      await guardHeldDeletes(ctx, lease);
      pass(60_000);
    }

    const leaving = (await ledger.entriesOf('/roles')).filter((entry) => entry.action === 'delete');
    expect(leaving.filter((entry) => entry.state === 'held').map((entry) => entry.path)).toEqual(
      expect.arrayContaining(['/roles/b', '/roles/c', '/roles/d', '/roles/e']),
    );
  });

  test('an object that an event told of is not settled by search rows that are older than the event', async () => {
    const { ctx, primary, replica, ledger, pass } = pairOfMemory(['/roles']);
    const older = new Map([['web', JSON.stringify({ name: 'web' })]]);
    const searching = (org: ChefOrg): ChefOrg => ({
      ...org,
      bodies: async () => new Map([...((org.side === 'replica' && replica.get('/roles')) || []), ...older]),
    });
    const lagging = { ...ctx, primary: searching(ctx.primary), replica: searching(ctx.replica) };
    const compareBoth = async (number: number): Promise<void> => {
      await comparePrimaryList(lagging, '/roles', passOf(number));
      await compareReplicaList(lagging, '/roles', passOf(number));
      pass(60_000);
    };
    primary.set('/roles', older);
    replica.set('/roles', older);
    await compareBoth(1);
    expect(await ledger.read('/roles/web')).toMatchObject({ state: 'synced' });

    primary.set('/roles', new Map([['web', JSON.stringify({ name: 'web', description: 'newer' })]]));
    replica.set('/roles', new Map([...older, ['theirs', JSON.stringify({ name: 'theirs' })]]));
    await takeChanges(lagging, [{ ref: trustedRef('/roles/web'), action: 'upsert' }], 'hint', 1);
    await compareBoth(2);
    expect(await ledger.read('/roles/web')).toMatchObject({ state: 'pending' });

    // A copier read the newer form and could not write it.
    const read = fingerprintOf(ctx, trustedRef('/roles/web'), primary.get('/roles')?.get('web') ?? '');
    await ledger.update('/roles/web', (entry) => entry && { ...entry, seen: read });
    await compareBoth(3);
    expect(await ledger.read('/roles/web')).toMatchObject({ state: 'pending', seen: read });
  });

  test('a primary whose list lies empty deletes nothing, however long it lies', async () => {
    const { ctx, primary, ledger, lease, pass, settleAll } = pairOfMemory(['/roles']);
    const names = Array.from({ length: 15 }, (_, n) => `role${n}`);
    primary.set('/roles', new Map(names.map((name) => [name, JSON.stringify({ name })])));
    await comparePrimaryList(ctx, '/roles', passOf(1));
    await settleAll('/roles');
    pass(60_000);

    primary.delete('/roles');
    for (const number of [2, 3, 4, 5]) {
      await comparePrimaryList(ctx, '/roles', passOf(number, { scope: 'names' }));
      await guardHeldDeletes(ctx, lease);
      pass(60_000);
    }

    const states = (await ledger.entriesOf('/roles')).map((entry) => `${entry.action} ${entry.state}`);
    expect(new Set(states)).toEqual(new Set(['delete held']));
    expect(await ledger.plans()).toMatchObject([{ kind: 'role', count: 15 }]);
  });
});
