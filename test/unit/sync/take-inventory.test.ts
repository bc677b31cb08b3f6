import { expect, test } from 'vitest';
import { ChefRequestError } from '../../../lib/model/chef-request-error.ts';
import { dispatchRun } from '../../../lib/sync/dispatch-run.ts';
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

test('roles wait for a list of cookbooks that cannot be read, but not for one that stays so', async () => {
  const { ctx, lease, primary, pass } = pairOfMemory(['/roles', '/cookbooks']);
  primary.set('/roles', new Map([['web', '{"name":"web"}']]));
  const failing = {
    ...ctx,
    primary: {
      ...ctx.primary,
      names: async (list: `/${string}`) => {
        if (list !== '/cookbooks') return await ctx.primary.names(list);
        const text = 'missing read permission';
        throw new ChefRequestError({ side: 'primary', request: 'GET /cookbooks', cause: 'status', status: 403, text });
      },
    },
  };
  const poll = async (): Promise<number> => {
    pass(60 * 60_000);
    await takeInventory(failing, lease, 'primary', { deadline: Number.POSITIVE_INFINITY });
    return (await dispatchRun(failing, lease)).sentCount;
  };

  const first = await poll();
  const second = await poll();

  expect([first, second]).toEqual([0, 1]);
});

test('a pair is not blind for minutes after one answer that took a minute', async () => {
  const { ctx, lease, primary, pass } = pairOfMemory(['/roles']);
  primary.set('/roles', new Map([['web', '{"name":"web"}']]));
  let answerMs = 100;
  const names = async (list: `/${string}`): Promise<readonly string[]> => {
    pass(answerMs);
    return await ctx.primary.names(list);
  };
  const poll = async (): Promise<void> => {
    pass(60_000);
    const slow = { ...ctx, primary: { ...ctx.primary, names } };
    await takeInventory(slow, lease, 'primary', { deadline: Number.POSITIVE_INFINITY });
  };
  await poll();
  await poll();
  answerMs = 60_000;
  await poll();
  answerMs = 100;
  const namesReadAt = () => lease.state().inventory.primary.names?.completeAt ?? 0;
  const before = namesReadAt();

  await poll();

  expect(namesReadAt()).toBeGreaterThan(before);
});
