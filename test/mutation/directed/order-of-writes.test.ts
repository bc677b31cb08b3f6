import { expect, test } from 'vitest';
import type { OutgoingMessage } from '../../../lib/model/copy-message.ts';
import type { ListPath } from '../../../lib/model/object-path.ts';
import type { FeedEvent } from '../../../lib/ports/chef-org.ts';
import { dispatchRun } from '../../../lib/sync/dispatch-run.ts';
import { followFeed } from '../../../lib/sync/follow-feed.ts';
import { LeaseLostError, takeLease } from '../../../lib/sync/poll-lease.ts';
import { takeInventory } from '../../../lib/sync/take-inventory.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { pairOfMemory } from '../../unit/sync/pair-of-memory.ts';

test('a poll that dies while it writes down what the feed told loses none of it', async () => {
  const { ctx, lease, ledger } = pairOfMemory(['/roles']);
  const events: FeedEvent[] = ['b', 'c', 'd'].map((name, n) => ({
    id: `${n + 11}`,
    path: `/roles/${name}`,
    action: 'create',
  }));
  const primary = {
    ...ctx.primary,
    updatedSince: async (seq: string) => ({
      kind: 'events' as const,
      events: events.filter(({ id }) => BigInt(id) > BigInt(seq)),
      skipped: 0,
    }),
  };
  await lease.write((state) => ({ ...state, feed: { status: 'in use', cursor: { id: '10' }, marks: [] } }));
  const dying = {
    ...ledger,
    update: (path, decide) =>
      path === '/roles/c' ? Promise.reject(new Error('the process dies')) : ledger.update(path, decide),
  } satisfies typeof ledger;

  await expect(followFeed({ ...ctx, primary, ledger: dying }, lease)).rejects.toThrow('the process dies');
  await followFeed({ ...ctx, primary }, lease);

  expect((await ledger.entriesOf('/roles')).map(({ path }) => path).toSorted()).toEqual([
    '/roles/b',
    '/roles/c',
    '/roles/d',
  ]);
});

test('a message is sent by the next poll when the poll that chose it dies on its way to the queue', async () => {
  const { ctx, lease, ledger } = pairOfMemory(['/roles']);
  await ledger.update('/roles/web', () => pendingEntry('/roles/web', 1));
  const dead = { ...ctx.queue, send: () => Promise.reject(new Error('the process dies')) };

  await expect(dispatchRun({ ...ctx, queue: dead }, lease)).rejects.toThrow('the process dies');

  expect(await dispatchRun(ctx, lease)).toMatchObject({ sentCount: 1 });
});

test('a message that the queue did not take stays due, and is sent with the same id', async () => {
  const { ctx, lease, ledger } = pairOfMemory(['/roles']);
  await ledger.update('/roles/web', () => pendingEntry('/roles/web', 1));
  const ids: string[] = [];
  const refusing = {
    ...ctx.queue,
    send: async (messages: readonly OutgoingMessage[]) => {
      ids.push(...messages.map(({ deduplicationId }) => deduplicationId));
      return { failed: messages };
    },
  };

  await dispatchRun({ ...ctx, queue: refusing }, lease);
  await dispatchRun({ ...ctx, queue: refusing }, lease);

  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});

test('E2 P5 a poll whose lease another one took moves no cursor any more', async () => {
  const { ctx, pass } = pairOfMemory(['/roles']);
  const slow = await takeLease(ctx, 60_000);
  pass(60_001);
  const quick = await takeLease(ctx, 60_000);
  if ('refused' in slow || 'refused' in quick) throw new Error('the lease was to be had');
  await quick.write((state) => ({ ...state, epoch: 7 }));

  await expect(slow.write((state) => ({ ...state, epoch: 2 }))).rejects.toThrow(LeaseLostError);

  expect(await ctx.state.read()).toMatchObject({ epoch: 7 });
});

test('E3.20 a feed that began anew is read from its beginning, in a new epoch', async () => {
  const { ctx, lease } = pairOfMemory(['/roles']);
  const events: FeedEvent[] = [{ id: '3', path: '/roles/web', action: 'update' }];
  const primary = {
    ...ctx.primary,
    updatedSince: async () => ({ kind: 'events' as const, events, skipped: 0 }),
  };
  const cursor = { id: '2', path: '/roles/other', action: 'update' };
  await lease.write((state) => ({ ...state, feed: { status: 'in use', cursor, marks: [] } }));

  const reading = await followFeed({ ...ctx, primary }, lease);

  expect(lease.state().epoch).toBe(2);
  expect(reading.feed.cursor).toMatchObject({ id: '3', path: '/roles/web' });
});

test('a poll that is cut between the roles and the cookbooks sends no role', async () => {
  const { ctx, lease, primary, pass } = pairOfMemory(['/roles', '/cookbooks']);
  const sent: string[] = [];
  const slow = {
    ...ctx,
    primary: {
      ...ctx.primary,
      names: async (list: ListPath) => {
        pass(1_000);
        return await ctx.primary.names(list);
      },
    },
    queue: {
      ...ctx.queue,
      send: async (messages: readonly OutgoingMessage[]) => {
        sent.push(...messages.map(({ path }) => path));
        return { failed: [] };
      },
    },
  };
  primary.set('/roles', new Map([['web', '{"name":"web","run_list":["recipe[apt]"]}']]));
  primary.set('/cookbooks', new Map([['apt/1.0.0', '{"metadata":{},"all_files":[]}']]));

  await takeInventory(slow, lease, 'primary', { deadline: ctx.clock.now() + 500 });
  await dispatchRun(slow, lease);
  expect(sent).toEqual([]);

  await takeInventory(slow, lease, 'primary', { deadline: Number.POSITIVE_INFINITY });
  await dispatchRun(slow, lease);
  expect(sent).toEqual(['/cookbooks/apt/1.0.0']);
});
