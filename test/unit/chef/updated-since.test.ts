import { expect, test } from 'vitest';
import { readUpdatedSince } from '../../../lib/chef/updated-since.ts';
import { cannedOrg } from '../../fuzz/canned-org.ts';

const event = (id: string): string => `{"id":${id},"path":"/roles/web","action":"update"}`;

test('an id of a million digits is no event, and does not become the number that the feed is asked from for ever', async () => {
  const text = `[${event('9'.repeat(1_000_000))},${event('9'.repeat(100))}]`;
  expect(await readUpdatedSince(cannedOrg({ status: 200, text }), '0')).toEqual({
    kind: 'events',
    events: [{ id: '9'.repeat(100), path: '/roles/web', action: 'update' }],
    skipped: 1,
  });
});
