import { expect, test } from 'vitest';
import { createWebStatus } from '../../../lib/cli/web-status.ts';
import type { Operator } from '../../../lib/runtime/operator.ts';
import type { UnsyncedObject } from '../../../lib/sync/unsynced-objects.ts';
import { pairStatusOf } from './pair-status.ts';

const object = (n: number): UnsyncedObject => ({
  path: `/roles/role-${n}`,
  action: 'upsert',
  state: 'pending',
  attempts: 0,
  reason: 'waits for its turn',
});

test('of a pair with a hundred thousand unsynced objects the page shows the first ones and how many more there are', async () => {
  const status = pairStatusOf({ counts: { pendingUpserts: 100_000 } });
  const asked: (string | undefined)[] = [];
  const operator: Pick<Operator, 'address' | 'pairs' | 'status' | 'unsyncedPage'> = {
    address: '',
    pairs: async () => [{ name: status.pair, replicaName: 'eu', isConfigured: true }],
    status: async () => [status],
    unsyncedPage: async (_pair, _filter, after) => {
      asked.push(after);
      return {
        objects: Array.from({ length: 500 }, (_, n) => object(n)),
        ...(after === undefined && { next: 'more' }),
      };
    },
  };

  const { pairs } = await createWebStatus().look(operator, 0);

  expect(pairs).toMatchObject([{ unsynced: expect.toSatisfy((rows) => rows.length === 100), unsyncedLeft: 99_900 }]);
  expect(asked).toEqual([undefined]);
});
