import { expect, test } from 'vitest';
import type { ListPath } from '../../../lib/model/object-path.ts';
import type { PairState } from '../../../lib/model/pair-state.ts';
import type { Ledger } from '../../../lib/ports/ledger.ts';
import type { PairStateStore } from '../../../lib/ports/pair-state.ts';
import { resyncPair } from '../../../lib/sync/control-pair.ts';
import type { PairContext } from '../../../lib/sync/pair-context.ts';
import { takeLease } from '../../../lib/sync/poll-lease.ts';
import { pollPair } from '../../../lib/sync/poll-pair.ts';
import { type Objects, pairOfMemory } from './pair-of-memory.ts';

const OPTIONS = { deadline: 1_000_000, leaseMs: 60_000, dispatchPauseMs: 1 };
const MINUTE_MS = 60_000;

const LISTS = ['/environments', '/roles', '/data', '/cookbooks'] as const;

/** A pair whose replica was found equal, so that nothing of it is left to do. */
async function pairAtRest() {
  const pair = pairOfMemory(LISTS);
  const search = (objects: Objects) => async (list: ListPath) =>
    list === '/cookbooks' ? undefined : (objects.get(list) ?? new Map<string, string>());
  const ctx = {
    ...pair.ctx,
    primary: { ...pair.ctx.primary, bodies: search(pair.primary) },
    replica: { ...pair.ctx.replica, bodies: search(pair.replica) },
  };
  for (const side of [pair.primary, pair.replica]) {
    side.set('/roles', new Map([['web', JSON.stringify({ name: 'web' })]]));
    const versions = { 'apt/1.0.0': { 'frozen?': true }, 'yum/1.0.0': {} };
    side.set(
      '/cookbooks',
      new Map(
        Object.entries(versions).map(([name, more]) => [
          name,
          JSON.stringify({ metadata: {}, all_files: [], ...more }),
        ]),
      ),
    );
  }
  const copying = {
    ...ctx,
    queue: {
      ...ctx.queue,
      async send() {
        for (const list of LISTS) await pair.settleAll(list);
        return { failed: [] };
      },
    },
  };
  for (let polls = 0; polls < 3; polls += 1) {
    expect(await pollPair(copying, OPTIONS)).toMatchObject({ outcome: 'complete' });
    pair.pass(MINUTE_MS);
  }
  return { ...pair, ctx: copying };
}

/** Counts what is asked of the ledger, by method. */
function counted(ledger: Ledger): { readonly ledger: Ledger; readonly calls: Map<string, number> } {
  const calls = new Map<string, number>();
  const proxy = new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      return (...args: never) => {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        return Reflect.apply(target[name], target, args);
      };
    },
  });
  return { ledger: proxy, calls };
}

function countedState(state: PairStateStore): { readonly state: PairStateStore; readonly writes: () => number } {
  let writes = 0;
  return {
    writes: () => writes,
    state: {
      ...state,
      async update(decide) {
        const result = await state.update(decide);
        if (result.isChanged) writes += 1;
        return result;
      },
    },
  };
}

test('a poll that finds nothing changed writes the state when it begins and when it ends, and nothing else', async () => {
  const { ctx } = await pairAtRest();
  const { state, writes } = countedState(ctx.state);
  const before = await ctx.state.read();

  expect(await pollPair({ ...ctx, state }, OPTIONS)).toMatchObject({ outcome: 'complete' });

  expect(writes()).toBe(2);
  const after = await ctx.state.read();
  for (const side of ['primary', 'replica'] as const) {
    expect(after?.inventory[side].number).toBe((before?.inventory[side].number ?? 0) + 2);
    expect(after?.inventory[side].names?.completeAt).toBe(ctx.clock.now());
    expect(after?.inventory[side].contents?.completeAt).toBe(ctx.clock.now());
  }
});

test('a poll that finds nothing changed asks the ledger once for each side of its lists, and whether anything waits', async () => {
  const { ctx } = await pairAtRest();
  const { ledger, calls } = counted(ctx.ledger);

  await pollPair({ ...ctx, ledger }, OPTIONS);

  expect(Object.fromEntries(calls)).toEqual({ hints: 1, lists: 3, hasUnsynced: 1, plans: 1 });
});

/** Sides in the order in which they were asked for names. */
async function sidesAsked(ctx: PairContext): Promise<readonly string[]> {
  const asked: string[] = [];
  const watched = (org: PairContext['primary']): PairContext['primary'] => ({
    ...org,
    async names(list) {
      asked.push(org.side);
      return await org.names(list);
    },
  });
  await pollPair({ ...ctx, primary: watched(ctx.primary), replica: watched(ctx.replica) }, OPTIONS);
  return asked;
}

test('both sides of a small organization are read at once, and of a large one the primary first', async () => {
  const small = await pairAtRest();
  const large = await pairAtRest();
  const slow = (state: PairState | undefined) =>
    state && {
      ...state,
      inventory: {
        ...state.inventory,
        primary: { ...state.inventory.primary, contents: { number: 1, endedAt: 0, tookMs: 5_001 } },
      },
    };
  await large.ctx.state.update(slow);

  const [ofSmall, ofLarge] = [await sidesAsked(small.ctx), await sidesAsked(large.ctx)];

  expect(ofSmall.indexOf('replica')).toBeLessThan(ofSmall.lastIndexOf('primary'));
  expect(ofLarge.indexOf('replica')).toBeGreaterThan(ofLarge.lastIndexOf('primary'));
});

test('a new epoch reads the primary first, so that what both sides show equal needs no copy', async () => {
  const { ctx } = await pairAtRest();
  await resyncPair(ctx);

  const asked = await sidesAsked(ctx);

  expect(asked.indexOf('replica')).toBeGreaterThan(asked.lastIndexOf('primary'));
});

test('a digest that a copier voids while a pass is under way is compared again by the next one', async () => {
  const { ctx, primary, pass } = await pairAtRest();
  const { ledger } = ctx;
  const voiding: Ledger = {
    ...ledger,
    async lists(side) {
      const rows = await ledger.lists(side);
      await ledger.updateList(
        'primary',
        '/roles',
        (row) => row && { ...row, generation: row.generation + 1, names: undefined, contents: undefined },
      );
      return rows;
    },
  };
  await pollPair({ ...ctx, ledger: voiding }, OPTIONS);
  expect(await ledger.readList('primary', '/roles')).not.toHaveProperty('names.digest');

  pass(MINUTE_MS);
  const { ledger: watched, calls } = counted(ledger);
  await pollPair({ ...ctx, ledger: watched }, OPTIONS);
  expect(calls.get('entriesOf')).toBeGreaterThan(0);
  expect(await ledger.readList('primary', '/roles')).toHaveProperty('names.digest');
  expect(primary.get('/roles')?.size).toBe(1);
});

test('what a poll puts into the ledger bears the number of a pass that the state knows, should the poll die then', async () => {
  const { ctx, primary } = await pairAtRest();
  primary.get('/roles')?.set('db', JSON.stringify({ name: 'db' }));
  primary.get('/roles')?.delete('web');
  const dying: Ledger = {
    ...ctx.ledger,
    async update(path, decide) {
      await ctx.ledger.update(path, decide);
      throw new Error('the process died');
    },
  };
  const before = await ctx.state.read();

  await expect(pollPair({ ...ctx, ledger: dying }, OPTIONS)).rejects.toThrow('the process died');

  expect((await ctx.state.read())?.inventory.primary).toMatchObject({
    number: (before?.inventory.primary.number ?? 0) + 1,
    pass: { scope: 'names' },
  });
});

test('what was noted is written with the next write, by whatever it is, and never by a poll that lost its lease', async () => {
  const { ctx, pass } = pairOfMemory(['/roles']);
  const lease = await takeLease(ctx, MINUTE_MS);
  if ('refused' in lease) throw new Error('the lease was to be had');
  lease.note((state) => ({ ...state, contentListedAt: 7 }));
  expect(lease.state()).toMatchObject({ contentListedAt: 7 });
  expect(await lease.check()).toMatchObject({ contentListedAt: 7 });
  expect(await ctx.state.read()).not.toHaveProperty('contentListedAt');

  await Promise.all([lease.store(), lease.write((state) => ({ ...state, unknownPaths: ['/nodes/a'] }))]);
  expect(await ctx.state.read()).toMatchObject({ contentListedAt: 7, unknownPaths: ['/nodes/a'] });

  lease.note((state) => ({ ...state, contentListedAt: 8 }));
  pass(2 * MINUTE_MS);
  await takeLease(ctx, MINUTE_MS);
  await expect(lease.store()).rejects.toThrow('lost its lease');
  await lease.release((state) => state);
  expect(await ctx.state.read()).toMatchObject({ contentListedAt: 7 });
});
