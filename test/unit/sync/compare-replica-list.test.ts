import { describe, expect, test } from 'vitest';
import { comparePrimaryList } from '../../../lib/sync/compare-primary-list.ts';
import { compareReplicaList } from '../../../lib/sync/compare-replica-list.ts';
import { entryOf } from '../model/entry-of.ts';
import { pairOfMemory, passOf } from './pair-of-memory.ts';

const manifest = (checksum: string): string =>
  JSON.stringify({ 'frozen?': true, metadata: {}, all_files: [{ path: 'recipes/default.rb', checksum }] });

describe('compareReplicaList', () => {
  test('a frozen cookbook version that somebody forced onto the replica is found by the next full reading', async () => {
    const { ctx, ledger, primary, replica, pass, settleAll } = pairOfMemory(['/cookbooks']);
    for (const objects of [primary, replica])
      objects.set('/cookbooks', new Map([['apt/1.0.0', manifest('a'.repeat(32))]]));
    for (const number of [1, 2, 3, 4]) {
      await comparePrimaryList(ctx, '/cookbooks', passOf(number, { isFull: number === 1 }));
      await settleAll('/cookbooks');
      pass(60_000);
      await compareReplicaList(ctx, '/cookbooks', passOf(number, { isFull: number === 1 }));
      pass(60_000);
    }
    expect(await ledger.read('/cookbooks/apt/1.0.0')).toMatchObject({ state: 'synced' });

    replica.get('/cookbooks')?.set('apt/1.0.0', manifest('b'.repeat(32)));

    expect(await compareReplicaList(ctx, '/cookbooks', passOf(5))).toMatchObject({ drifted: 0 });
    expect(await compareReplicaList(ctx, '/cookbooks', passOf(6, { isFull: true }))).toMatchObject({ drifted: 1 });
  });

  test('a cookbook version that looks equal is not settled while a copy of it may have been refused halfway', async () => {
    const { ctx, ledger, primary, replica, pass, settleAll } = pairOfMemory(['/cookbooks']);
    const path = '/cookbooks/apt/1.0.0';
    const texts = ['apt/1.0.0', 'web/1.0.0'].map((name) => [name, manifest('a'.repeat(32))] as const);
    for (const objects of [primary, replica]) objects.set('/cookbooks', new Map(texts));
    for (const number of [1, 2]) {
      await comparePrimaryList(ctx, '/cookbooks', passOf(number, { isFull: true }));
      await settleAll('/cookbooks');
      pass(60_000);
      await compareReplicaList(ctx, '/cookbooks', passOf(number, { isFull: true }));
      pass(60_000);
    }
    const waiting = { state: 'pending', settledAt: undefined, pendingSince: 2_000 } as const;

    await ledger.update(path, (entry) => entry && { ...entry, ...waiting, claims: ['of another manifest'] });
    // Another one was changed there: of a list that is as it was the ledger is asked nothing.
    replica.get('/cookbooks')?.set('web/1.0.0', manifest('b'.repeat(32)));
    expect(await compareReplicaList(ctx, '/cookbooks', passOf(3, { isFull: true }))).toMatchObject({ drifted: 1 });
    expect(await ledger.read(path)).toMatchObject({ state: 'pending' });
  });

  test('an item copied into a bag of the baseline is missed when the replica loses the bag', async () => {
    const { ctx, ledger, primary, replica, pass } = pairOfMemory(['/data']);
    primary.set('/data', new Map([['users', '{"name":"users"}']]));
    replica.set('/data', new Map());
    await comparePrimaryList(ctx, '/data', passOf(1, { takesBaseline: true }));
    pass(60_000);
    await compareReplicaList(ctx, '/data', passOf(1));
    // The copier made bag and item; then the replica was restored to a time before that.
    const copied = { state: 'synced', fingerprint: 'A', seen: 'A', owned: 'replica', settledAt: 2_000 } as const;
    await ledger.update('/data/users/ann', () => entryOf('/data/users/ann', { ...copied, pendingSince: undefined }));
    pass(60_000);

    expect(await compareReplicaList(ctx, '/data', passOf(2))).toMatchObject({ drifted: 1 });
    expect(await ledger.read('/data/users/ann')).toMatchObject({ state: 'pending' });
  });
});
