import { expect, test } from 'vitest';
import { ChefRequestError } from '../../../lib/model/chef-request-error.ts';
import type { ListPath, ObjectPath, ObjectRef } from '../../../lib/model/object-path.ts';
import type { Side } from '../../../lib/model/side.ts';
import { unreadOf } from '../../../lib/plan/pace-inventory.ts';
import type { ChefOrg, FeedAnswer } from '../../../lib/ports/chef-org.ts';
import type { PairContext } from '../../../lib/sync/pair-context.ts';
import { pollPair } from '../../../lib/sync/poll-pair.ts';
import { takeInventory } from '../../../lib/sync/take-inventory.ts';
import { type PairOfMemory, pairOfMemory } from './pair-of-memory.ts';

const VERSIONS = 60;
const DAY_MS = 24 * 60 * 60_000;
const READ_MS = 100;
const POLL_MS = 2_000;

const NAMES = Array.from({ length: VERSIONS }, (_, n) => `app/1.${n}.0`);

const manifest = (content: number, isFrozen = false): string => {
  const checksum = String(content).repeat(32).slice(0, 32);
  return JSON.stringify({ 'frozen?': isFrozen, metadata: {}, all_files: [{ path: 'recipes/default.rb', checksum }] });
};

/** A pair of 60 cookbook versions on servers that take so long for each that a poll reads a third of them. */
function crowdedPair(isFrozen = false) {
  const pair = pairOfMemory(['/cookbooks']);
  const { primary, replica, pass } = pair;
  for (const side of [primary, replica])
    side.set('/cookbooks', new Map(NAMES.map((name) => [name, manifest(1, isFrozen)])));
  const reads: ObjectPath[] = [];
  const slow = (org: ChefOrg): ChefOrg => ({
    ...org,
    read: async (ref) => {
      pass(READ_MS);
      reads.push(ref.path);
      return await org.read(ref);
    },
  });
  const ctx = { ...pair.ctx, primary: slow(pair.ctx.primary), replica: slow(pair.ctx.replica) };
  const poll = async (side: Side, signal?: AbortSignal) => {
    pass(60_000);
    return await takeInventory(ctx, pair.lease, side, { deadline: ctx.clock.now() + POLL_MS, signal });
  };
  /** Polls until no pass is under way; answers what was read, and in how many polls. */
  const readAll = async (side: Side) => {
    reads.length = 0;
    pass(DAY_MS);
    let polls = 1;
    while ((await poll(side)).outcome === 'cut' && polls < VERSIONS) polls += 1;
    return { reads: [...reads], polls };
  };
  return { ...pair, ctx, poll, readAll };
}

/** Everything is copied, and both sides were read once more. */
async function settled(isFrozen = false) {
  const pair = crowdedPair(isFrozen);
  await pair.lease.write((state) => ({ ...state, guids: { primary: 'primary', replica: 'replica' } }));
  await pair.readAll('primary');
  await pair.settleAll('/cookbooks');
  await pair.readAll('primary');
  await pair.readAll('replica');
  return pair;
}

const statesOf = async ({ ledger }: PairOfMemory, state: string): Promise<readonly string[]> =>
  (await ledger.entriesOf('/cookbooks'))
    .filter((entry) => entry.state === state)
    .map(({ path }) => path)
    .sort();

test.each(['primary', 'replica'] as const)(
  'a list of the %s that is longer than a poll is read in parts, each object once',
  async (side) => {
    const { readAll } = await settled();

    const { reads, polls } = await readAll(side);

    expect(reads.toSorted()).toEqual(NAMES.map((name) => `/cookbooks/${name}`).toSorted());
    expect(polls).toBeGreaterThan(2);
  },
);

test('a poll that is ended at once takes nothing back of the parts that were read', async () => {
  const pair = await settled();
  pair.pass(DAY_MS);
  await pair.poll('primary');

  expect(await pair.poll('primary', AbortSignal.abort())).toEqual({ outcome: 'cut' });

  const { after } = pair.lease.state().inventory.primary.pass ?? {};
  expect(NAMES.toSorted().indexOf(after ?? '')).toBeGreaterThan(8);
});

test.each([0, 31, 59])(
  'a change of the primary is found in whatever part of a long list it is (%i of 60)',
  async (n) => {
    const pair = await settled();
    const name = NAMES.toSorted()[n] ?? '';
    pair.primary.get('/cookbooks')?.set(name, manifest(2));

    await pair.readAll('primary');

    expect(await statesOf(pair, 'pending')).toEqual([`/cookbooks/${name}`]);
  },
);

test.each([0, 31, 59])(
  'a change on the replica is repaired in whatever part of a long list it is (%i of 60)',
  async (n) => {
    const pair = await settled();
    const name = NAMES.toSorted()[n] ?? '';
    pair.replica.get('/cookbooks')?.set(name, manifest(2));

    await pair.readAll('replica');

    expect(await statesOf(pair, 'pending')).toEqual([`/cookbooks/${name}`]);
  },
);

test('frozen versions of a long list are read by every full reading, and by no other', async () => {
  const { readAll, lease, ctx } = await settled(true);
  expect((await readAll('primary')).reads).toHaveLength(VERSIONS);

  await lease.write((state) => {
    const primary = { ...state.inventory.primary, fullAt: ctx.clock.now() + DAY_MS };
    return { ...state, inventory: { ...state.inventory, primary } };
  });

  expect(await readAll('primary')).toEqual({ reads: [], polls: 1 });
});

test('an object that is gone when the next part of a long list is read is no delete before a later poll missed it too', async () => {
  const pair = await settled();
  pair.pass(DAY_MS);
  await pair.poll('primary');
  pair.primary.get('/cookbooks')?.delete('app/1.7.0');

  await pair.readAll('primary');
  expect(await statesOf(pair, 'held')).toEqual([]);
  expect(await pair.ledger.read('/cookbooks/app/1.7.0')).toMatchObject({ state: 'synced', action: 'upsert' });

  await pair.readAll('primary');
  expect(await statesOf(pair, 'held')).toEqual(['/cookbooks/app/1.7.0']);
});

test('no digest stands for bodies that were read in parts', async () => {
  const { ledger } = await settled();

  for (const side of ['primary', 'replica'] as const) {
    expect(await ledger.readList(side, '/cookbooks')).toMatchObject({ contents: undefined, whole: undefined });
  }
});

test('a poll whose time is over before it has read everything has worked, and one without an answer of the feed has not', async () => {
  const { ctx, pass } = await settled();
  let feed: FeedAnswer = { kind: 'absent', text: '404' };
  const primary = { ...ctx.primary, updatedSince: async () => feed };
  const poll = async () => {
    pass(60_000);
    const deadline = ctx.clock.now() + POLL_MS;
    const clock = { ...ctx.clock, sleep: async (ms: number) => pass(ms) };
    await pollPair({ ...ctx, primary, clock }, { deadline, leaseMs: 60_000, dispatchPauseMs: 1_000 });
    return await ctx.state.read();
  };

  const [first, second] = [await poll(), await poll()];
  feed = { kind: 'unavailable', text: '503' };
  const third = await poll();

  expect(second?.lastPoll?.isComplete).toBe(false);
  expect(second?.lastGoodPollAt).toBeGreaterThan(first?.lastGoodPollAt ?? 0);
  expect(third?.lastGoodPollAt).toBe(second?.lastGoodPollAt);
});

test('items behind a bag that is longer than a poll are reported once, and not read again with each of its parts', async () => {
  const pair = pairOfMemory(['/data']);
  const { primary, lease, pass } = pair;
  const bag = (count: number) =>
    new Map(Array.from({ length: count }, (_, n) => [`i${n + 10}`, `{"id":"i${n + 10}"}`]));
  primary.set(
    '/data',
    new Map([
      ['long', '{}'],
      ['short', '{}'],
    ]),
  );
  primary.set('/data/long', bag(60));
  primary.set('/data/short', bag(1));
  const reads: string[] = [];
  const read: ChefOrg['read'] = async (ref) => {
    pass(READ_MS);
    reads.push(ref.container ?? '');
    if (ref.container !== 'short') return await pair.ctx.primary.read(ref);
    throw new ChefRequestError({ side: 'primary', request: 'GET', cause: 'status', status: 400, text: 'no' });
  };
  const ctx = { ...pair.ctx, primary: { ...pair.ctx.primary, read } };
  const readAll = async () => {
    let polls = 0;
    do {
      pass(60_000);
      polls += 1;
    } while (
      (await takeInventory(ctx, lease, 'primary', { deadline: ctx.clock.now() + POLL_MS })).outcome === 'cut' &&
      polls < 60
    );
    return polls;
  };
  await readAll();
  for (const list of ['/data', '/data/long', '/data/short'] as const) await pair.settleAll(list);
  pass(DAY_MS);
  reads.length = 0;

  expect(await readAll()).toBeGreaterThan(2);
  expect(reads.filter((bag) => bag === 'short').length).toBeLessThanOrEqual(2);

  // A pass over names came after it, and knows nothing better.
  expect(unreadOf(lease.state().inventory.primary).map(({ list }) => list)).toEqual(['/data/short']);
});

test('a bag that is deleted while it is read in parts is no list that cannot be read', async () => {
  const pair = pairOfMemory(['/data']);
  const { primary, lease, pass } = pair;
  const bag = new Map(Array.from({ length: 60 }, (_, n) => [`i${n + 10}`, `{"id":"i${n + 10}"}`]));
  primary.set('/data', new Map([['long', '{}']]));
  primary.set('/data/long', bag);
  const gone = new ChefRequestError({ side: 'primary', request: 'GET', cause: 'status', status: 404, text: 'no bag' });
  const warnings: string[] = [];
  const ctx: PairContext = {
    ...pair.ctx,
    log: (level, text) => {
      if (level === 'warn') warnings.push(text);
    },
    primary: {
      ...pair.ctx.primary,
      names: async (list: ListPath) => {
        if (!primary.has(list)) throw gone;
        return await pair.ctx.primary.names(list);
      },
      read: async (ref: ObjectRef) => {
        pass(READ_MS);
        return await pair.ctx.primary.read(ref);
      },
    },
  };
  const poll = () => takeInventory(ctx, lease, 'primary', { deadline: ctx.clock.now() + POLL_MS });
  while ((await poll()).outcome === 'cut') pass(60_000);
  for (const list of ['/data', '/data/long'] as const) await pair.settleAll(list);
  pass(DAY_MS);
  expect(await poll()).toEqual({ outcome: 'cut' });
  warnings.length = 0;

  primary.get('/data')?.delete('long');
  primary.delete('/data/long');

  expect(await poll()).toEqual({ outcome: 'done' });
  expect(warnings).toEqual([]);
});
