import { expect, test } from 'vitest';
import { takeInventory } from '../../../lib/sync/take-inventory.ts';
import { pairOfMemory } from './pair-of-memory.ts';

test('a pass that goes on behind the list of bags asks for no bag whose name would address something else', async () => {
  const { ctx, lease, primary } = pairOfMemory(['/data', '/roles']);
  const bags = ['..', 'users', 'a bag'];
  primary.set('/data', new Map(bags.map((name) => [name, JSON.stringify({ name })])));
  await lease.write((state) => ({
    ...state,
    inventory: {
      ...state.inventory,
      primary: {
        ...state.inventory.primary,
        pass: { scope: 'names', isFull: false, startedAt: 0, busyMs: 0, nextList: '/data/-', unread: [] },
      },
    },
  }));
  const asked: string[] = [];
  const names = async (list: `/${string}`): Promise<readonly string[]> => {
    asked.push(list);
    return await ctx.primary.names(list);
  };

  await takeInventory({ ...ctx, primary: { ...ctx.primary, names } }, lease, 'primary', {
    deadline: Number.POSITIVE_INFINITY,
  });

  expect(asked).toContain('/data/users');
  expect(asked).not.toContain('/data/..');
  expect(asked).not.toContain('/data/a bag');
});
