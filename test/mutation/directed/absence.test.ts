import { expect, test } from 'vitest';
import { ChefRequestError } from '../../../lib/model/chef-request-error.ts';
import { isLive } from '../../../lib/model/ledger-entry.ts';
import { comparePrimaryList } from '../../../lib/sync/compare-primary-list.ts';
import { takeInventory } from '../../../lib/sync/take-inventory.ts';
import { type PairOfMemory, pairOfMemory, passOf } from '../../unit/sync/pair-of-memory.ts';

const roles = (...names: readonly string[]): Map<string, string> =>
  new Map(names.map((name) => [name, JSON.stringify({ name })]));

/** Pass 1 found these roles, and they are copied. */
async function pairWithRoles(...names: readonly string[]): Promise<PairOfMemory> {
  const pair = pairOfMemory(['/roles', '/environments']);
  pair.primary.set('/roles', roles(...names));
  await comparePrimaryList(pair.ctx, '/roles', passOf(1));
  await pair.settleAll('/roles');
  pair.pass(60_000);
  return pair;
}

test('an object that one inventory missed is no delete; one that two in a row missed is', async () => {
  const { ctx, primary, ledger, pass } = await pairWithRoles('a', 'b');

  primary.set('/roles', roles('a'));
  await comparePrimaryList(ctx, '/roles', passOf(2, { scope: 'names' }));
  expect(await ledger.read('/roles/b')).toMatchObject({ action: 'upsert', state: 'synced', absent: 2 });

  pass(60_000);
  await comparePrimaryList(ctx, '/roles', passOf(3, { scope: 'names' }));
  expect(await ledger.read('/roles/b')).toMatchObject({ action: 'delete', state: 'held' });
});

test('two passes of one poll, seconds apart, do not confirm each other', async () => {
  const { ctx, primary, ledger, pass } = await pairWithRoles('a', 'b');

  primary.set('/roles', roles('a'));
  await comparePrimaryList(ctx, '/roles', passOf(2, { scope: 'names' }));
  pass(1_000);
  await comparePrimaryList(ctx, '/roles', passOf(3, { scope: 'names', firstOfPoll: 2 }));

  expect(await ledger.read('/roles/b')).toMatchObject({ action: 'upsert', state: 'synced' });
});

test('a list that the primary does not answer is told as unread, deletes nothing, and keeps no other list waiting', async () => {
  const { ctx, lease, primary, ledger, pass } = await pairWithRoles('a', 'b');
  primary.set('/environments', new Map([['prod', '{"name":"prod"}']]));
  const failing = {
    ...ctx,
    primary: {
      ...ctx.primary,
      names: async (list: `/${string}`) => {
        if (list !== '/roles') return await ctx.primary.names(list);
        const text = 'internal service error';
        throw new ChefRequestError({ side: 'primary', request: 'GET /roles', cause: 'status', status: 500, text });
      },
    },
  };

  for (let poll = 0; poll < 4; poll += 1) {
    await takeInventory(failing, lease, 'primary', { deadline: Number.POSITIVE_INFINITY });
    pass(60 * 60_000);
  }

  const entries = await ledger.entriesOf('/roles');
  expect(entries.map((entry) => ({ isLive: isLive(entry), absent: entry.absent }))).toEqual([
    { isLive: true, absent: undefined },
    { isLive: true, absent: undefined },
  ]);
  expect(lease.state().inventory.primary.unread).toMatchObject([{ list: '/roles' }]);
  expect(await ledger.read('/environments/prod')).toMatchObject({ state: 'pending' });
});
