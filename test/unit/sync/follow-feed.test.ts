import { expect, test } from 'vitest';
import type { FeedEvent } from '../../../lib/ports/chef-org.ts';
import { followFeed } from '../../../lib/sync/follow-feed.ts';
import { pairOfMemory } from './pair-of-memory.ts';

test('a change that is committed late during a bootstrap of many cut polls is still read from the feed', async () => {
  const { ctx, lease, ledger } = pairOfMemory(['/roles']);
  const feed: FeedEvent[] = [{ id: '100', path: '/roles/a', action: 'update' }];
  const pair = {
    ...ctx,
    primary: {
      ...ctx.primary,
      updatedSince: async (seq: string) => ({
        kind: 'events' as const,
        events: feed.filter(({ id }) => BigInt(id) > BigInt(seq)),
        skipped: 0,
      }),
    },
  };
  /** A poll that is cut: its cursor is kept, its marks are those of the last completed one. */
  const cutPoll = async (): Promise<void> => {
    const { feed: read } = await followFeed(pair, lease);
    await lease.write((s) => ({ ...s, feed: s.feed.cursor === undefined ? read : { ...read, marks: s.feed.marks } }));
  };
  await cutPoll();
  feed.push({ id: '102', path: '/roles/b', action: 'create' }, { id: '103', path: '/roles/b', action: 'update' });
  await cutPoll();

  feed.push({ id: '101', path: '/roles/late', action: 'create' });
  await cutPoll();

  expect(await ledger.read('/roles/late')).toMatchObject({ state: 'pending', feedId: '101' });
});
