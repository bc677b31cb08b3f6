import { expect, test } from 'vitest';
import { type JobRequest, startJob } from '../../../lib/model/job.ts';
import { release } from '../../../lib/model/ledger-entry.ts';
import { newPairState } from '../../../lib/model/pair-state.ts';
import { comparePrimaryList } from '../../../lib/sync/compare-primary-list.ts';
import { copyObjects } from '../../../lib/sync/copy-objects.ts';
import { guardHeldDeletes } from '../../../lib/sync/guard-held-deletes.ts';
import { workJob } from '../../../lib/sync/work-job.ts';
import { type PairOfMemory, pairOfMemory, passOf } from './pair-of-memory.ts';

const role = (name: string, description = ''): string => JSON.stringify({ name, description });

/** A pair that was polled, with an object that is equal, one that differs, one that is missing and one that is extra. */
async function polledPair(): Promise<PairOfMemory> {
  const pair = pairOfMemory(['/roles']);
  pair.primary.set('/roles', new Map(['equal', 'changed', 'missing'].map((name) => [name, role(name)])));
  pair.replica.set('/roles', new Map(['equal', 'extra'].map((name) => [name, role(name)])));
  pair.replica.get('/roles')?.set('changed', role('changed', 'by hand'));
  const state = { ...newPairState(0, 'filter', 'copy'), guids: { primary: 'primary', replica: 'replica' } };
  await pair.ctx.state.update(() => state);
  return pair;
}

const work = ({ ctx }: PairOfMemory, request: JobRequest, changes = {}) =>
  workJob(
    { clock: ctx.clock, pair: async () => ({ ...ctx, ...changes, known: ctx }), examine: async () => [] },
    startJob(request, 0),
    Number.POSITIVE_INFINITY,
  );

const REPAIR = { command: 'repair', pair: 'eu/acme' } as const;

test('what is missing or different is due, nothing else, and no delete', async () => {
  const pair = await polledPair();

  const { job } = await work(pair, REPAIR);

  expect(job.counts).toEqual({ '=': 1, '*': 1, '+': 1, '-': 1 });
  const due = await pair.ledger.unsynced(2, { limit: 10 });
  expect(due.entries.map(({ path, action, state }) => [path, action, state]).sort()).toEqual([
    ['/roles/changed', 'upsert', 'pending'],
    ['/roles/missing', 'upsert', 'pending'],
  ]);
  expect(await pair.ledger.countUnsynced('held')).toBe(0);
});

test('what is about to be copied anyway gets no new version', async () => {
  const pair = await polledPair();
  await work(pair, REPAIR);
  const before = await pair.ledger.read('/roles/missing');

  await work(pair, REPAIR);

  expect(await pair.ledger.read('/roles/missing')).toEqual(before);
});

test('extras are held as they are on the replica now; what the primary has, or the pair knows, is left alone', async () => {
  const pair = await polledPair();
  await work(pair, REPAIR);
  pair.replica.get('/roles')?.set('known', role('known'));
  await pair.ledger.update('/roles/known', () => ({
    path: '/roles/known',
    version: { epoch: 1, n: 1 },
    action: 'upsert',
    state: 'synced',
    attempts: 0,
    sends: 0,
    owned: 'replica',
  }));

  const paths = ['/roles/extra', '/roles/equal', '/roles/gone', '/roles/known', '/nodes/n'] as const;
  const { lines } = await work(pair, { command: 'delete-extra', pair: 'eu/acme', paths });

  expect(lines).toEqual([
    { sign: '-', path: '/roles/extra' },
    { sign: '!', path: '/roles/equal', reason: 'The primary has it by now.' },
    { sign: '!', path: '/roles/gone', reason: 'The replica does not have it any more.' },
    { sign: '!', path: '/roles/known', reason: 'The pair knows it, and its polls decide about it.' },
    { sign: '!', path: '/nodes/n', reason: expect.stringMatching(/^It names no object/) },
  ]);
  expect(await pair.ledger.read('/roles/extra')).toMatchObject({
    action: 'delete',
    state: 'held',
    claims: [expect.any(String)],
  });
  expect(await pair.ledger.countUnsynced('held')).toBe(1);
});

test('extra items pass the guard when the primary has no bags, and nothing passes when its bags were not read', async () => {
  const pair = pairOfMemory(['/data']);
  const { ctx, ledger, lease, primary, replica } = pair;
  primary.set('/data', new Map());
  replica.set('/data', new Map([['own', '{"name":"own"}']]));
  replica.set('/data/own', new Map([['item', '{"id":"item"}']]));
  const state = { ...newPairState(0, 'filter', 'copy'), guids: { primary: 'primary', replica: 'replica' } };
  await ctx.state.update(() => state);
  const paths = ['/data/own/item', '/data/own'] as const;
  await work(pair, { command: 'delete-extra', pair: 'eu/acme', paths });

  await guardHeldDeletes(ctx, lease);
  expect(await ledger.plans()).toHaveLength(2);
  for (const path of paths) expect(await ledger.read(path)).toMatchObject({ state: 'held' });

  await comparePrimaryList(ctx, '/data', passOf(1, { scope: 'names' }));
  await guardHeldDeletes(ctx, lease);
  for (const path of paths) expect(await ledger.read(path)).toMatchObject({ state: 'pending', action: 'delete' });
});

test('a 404 that is not Chef’s own lets no extra be deleted', async () => {
  const pair = await polledPair();
  const primary = { ...pair.ctx.primary, read: async () => ({ missing: true, isChefShaped: false }) as const };

  const { lines } = await work(
    pair,
    { command: 'delete-extra', pair: 'eu/acme', paths: ['/roles/extra'] },
    { primary },
  );

  expect(lines).toMatchObject([{ sign: '!', reason: expect.stringContaining('proves nothing') }]);
  expect(await pair.ledger.read('/roles/extra')).toBeUndefined();
});

test.each([
  ['replica', { replica: 'other' }],
  ['primary', { primary: 'other' }],
])('nothing is due when the %s is another organization than before', async (side, guids) => {
  const pair = await polledPair();
  await pair.ctx.state.update((state) => state && { ...state, guids: { ...state.guids, ...guids } });

  const { job } = await work(pair, REPAIR);

  expect(job.problem).toMatchObject({
    code: 'OTHER_ORGANIZATION',
    text: expect.stringContaining(`The ${side} organization was replaced`),
  });
  expect(await pair.ledger.countUnsynced(2)).toBe(0);
});

test('an extra that somebody changes after it was agreed upon stays on the replica', async () => {
  const pair = await polledPair();
  const { ctx, ledger, replica } = pair;
  await work(pair, { command: 'delete-extra', pair: 'eu/acme', paths: ['/roles/extra'] });
  replica.get('/roles')?.set('extra', role('extra', 'needed after all'));
  const { entry } = await ledger.update('/roles/extra', (held) => held && release(held, held.version, ctx.clock.now()));
  if (entry === undefined) throw new Error('it was held');
  pair.pass(60_000);

  // The replica of this test refuses every delete.
  const outcomes = await copyObjects(ctx, [{ pair: 'eu/acme', path: entry.path, version: entry.version }]);

  expect(outcomes).toEqual(['settled']);
  expect(replica.get('/roles')?.has('extra')).toBe(true);
});
