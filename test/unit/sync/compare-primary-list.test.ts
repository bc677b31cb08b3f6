import { describe, expect, test } from 'vitest';
import { comparePrimaryList, type ListPass } from '../../../lib/sync/compare-primary-list.ts';
import { guardHeldDeletes } from '../../../lib/sync/guard-held-deletes.ts';
import { pairOfMemory } from './pair-of-memory.ts';

const passOf = (number: number, some: Partial<ListPass> = {}): ListPass => ({
  scope: 'contents',
  isFull: false,
  number,
  firstOfEpoch: 1,
  firstOfPoll: number,
  epoch: 1,
  trustFrom: 1,
  takesBaseline: false,
  ...some,
});

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
