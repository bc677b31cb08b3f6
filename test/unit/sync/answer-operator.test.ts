import { describe, expect, test } from 'vitest';
import { holdUnderPlan, type LedgerEntry, park, unsyncedBucket } from '../../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../../lib/model/object-path.ts';
import type { OperatorRequest } from '../../../lib/model/operator-request.ts';
import { answerOperator } from '../../../lib/sync/answer-operator.ts';
import type { PairRecords } from '../../../lib/sync/pair-context.ts';
import { LeaseLostError, takeLease } from '../../../lib/sync/poll-lease.ts';
import { workUnderWay } from '../../../lib/sync/work-under-way.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { type PairOfMemory, pairOfMemory } from './pair-of-memory.ts';

const ask = (records: PairRecords, request: OperatorRequest) => answerOperator(request, () => records);

/** A pair that was polled before. */
async function polledPair(): Promise<PairOfMemory> {
  const pair = pairOfMemory(['/roles']);
  await ask(pair.ctx, { command: 'start', pairs: ['eu/acme'] });
  return pair;
}

async function addParked({ ledger }: PairOfMemory, path: ObjectPath): Promise<void> {
  const entry = pendingEntry(path, 1);
  await ledger.update(path, () =>
    park(entry, { version: entry.version, error: { code: 'TOO_LARGE', text: 'too large' } }),
  );
}

async function addHeld({ ledger }: PairOfMemory, path: ObjectPath, plan: string): Promise<void> {
  const entry: LedgerEntry = { ...pendingEntry(path, 1), action: 'delete', state: 'held' };
  await ledger.update(path, () => holdUnderPlan(entry, entry.version, plan));
  await ledger.writePlan({ id: plan, kind: 'role', at: 1, reason: 'more than pass', count: 1, samples: [path] });
}

describe('stop', () => {
  test('ends the poll under way, and start lets the next one begin at once', async () => {
    const { ctx } = await polledPair();
    const lease = await takeLease(ctx, 60_000);
    if ('refused' in lease) throw new Error(lease.refused);

    await ask(ctx, { command: 'stop', pairs: ['eu/acme'] });

    await expect(lease.write((state) => state)).rejects.toThrow(LeaseLostError);
    expect(await workUnderWay(ctx, 0)).toEqual({ isPolling: true, copies: 0 });
    await lease.release((state) => state);
    expect(await workUnderWay(ctx, 0)).toEqual({ isPolling: false, copies: 0 });
    expect(await takeLease(ctx, 60_000)).toEqual({ refused: 'stopped' });
    await ask(ctx, { command: 'start', pairs: ['eu/acme'] });
    expect(await takeLease(ctx, 60_000)).not.toHaveProperty('refused');
  });

  test('copies of the daemon that runs are under way, those of one that died are not', async () => {
    const { ctx, ledger } = await polledPair();
    const sent = { sentAt: 500, nextAttemptAt: 100_000 };
    await ledger.update('/roles/web', () => ({ ...pendingEntry('/roles/web', 1), ...sent }));

    expect(await workUnderWay(ctx, 400)).toMatchObject({ copies: 1 });
    expect(await workUnderWay(ctx, 600)).toMatchObject({ copies: 0 });
  });
});

describe('retry', () => {
  test('makes all parked objects due, or the named one alone', async () => {
    const pair = await polledPair();
    await addParked(pair, '/roles/a');
    await addParked(pair, '/roles/b');

    const one = await ask(pair.ctx, { command: 'retry', pairs: ['eu/acme'], paths: ['/roles/a'] });
    const others = await ask(pair.ctx, { command: 'retry', pairs: ['eu/acme'] });

    expect(one).toEqual([{ pair: 'eu/acme', text: '1 object is due again', objects: 1 }]);
    expect(others).toMatchObject([{ objects: 1 }]);
    expect(await pair.ledger.countUnsynced('parked')).toBe(0);
  });

  test('refuses a path with nothing to retry and says what to do, before anything is done', async () => {
    const pair = await polledPair();
    await addParked(pair, '/roles/a');
    await addHeld(pair, '/roles/gone', 'p1');
    const retry = (path: ObjectPath) =>
      ask(pair.ctx, { command: 'retry', pairs: ['eu/acme'], paths: ['/roles/a', path] });

    await expect(retry('/roles/other')).rejects.toThrow(
      '/roles/other is not waiting to be copied to eu/acme: see what there is with "chef-sync-ctl unsynced-objects eu/acme".',
    );
    await expect(retry('/roles/gone')).rejects.toThrow('let it go with "chef-sync-ctl approve-deletes eu/acme p1"');
    expect(await pair.ledger.countUnsynced('parked')).toBe(1);
  });
});

describe('notify', () => {
  test('notes what the next poll looks at, and nothing at all when the pair does not replicate one of the objects', async () => {
    const { ctx: polled, ledger } = await polledPair();
    const ctx = { ...polled, rules: { ...polled.rules, isWanted: ({ name }: { name: string }) => name !== 'secret' } };
    const notify = (...paths: ObjectPath[]) =>
      ask(ctx, { command: 'notify', pairs: ['eu/acme'], paths, action: 'delete' });

    await expect(notify('/roles/a', '/roles/secret')).rejects.toThrow(
      '/roles/secret is not replicated to eu/acme: its objects, include and exclude leave it out.',
    );
    expect(await ledger.hints()).toEqual([]);

    const answers = await notify('/roles/a', '/roles/b');
    expect(answers).toEqual([{ pair: 'eu/acme', text: 'the next poll looks at 2 objects of the primary', objects: 2 }]);
    expect(await ledger.hints()).toMatchObject([
      { path: '/roles/a', action: 'delete' },
      { path: '/roles/b', action: 'delete' },
    ]);
  });
});

describe('approve-deletes', () => {
  test('lets the deletes of the plan go', async () => {
    const pair = await polledPair();
    await addHeld(pair, '/roles/gone', 'p1');

    const answers = await ask(pair.ctx, { command: 'approve-deletes', pair: 'eu/acme', plans: ['p1'] });

    expect(answers).toEqual([{ pair: 'eu/acme', text: '1 delete is released', objects: 1 }]);
    const entry = await pair.ledger.read('/roles/gone');
    expect(entry && unsyncedBucket(entry)).toBe(5);
  });

  test('lets several plans go at once, or none of them when one is wrong', async () => {
    const pair = await polledPair();
    await addHeld(pair, '/roles/gone', 'p1');
    await addHeld(pair, '/data/gone', 'p2');
    const approve = (...plans: readonly string[]) =>
      ask(pair.ctx, { command: 'approve-deletes', pair: 'eu/acme', plans });

    await expect(approve('p1', 'nope')).rejects.toThrow('eu/acme has no plan nope');
    expect(await pair.ledger.plans()).toHaveLength(2);

    expect(await approve('p1', 'p2')).toEqual([{ pair: 'eu/acme', text: '2 deletes are released', objects: 2 }]);
    expect(await pair.ledger.plans()).toEqual([]);
  });

  test('names the plans there are when the one asked for is not among them', async () => {
    const pair = await polledPair();
    const approve = () => ask(pair.ctx, { command: 'approve-deletes', pair: 'eu/acme', plans: ['nope'] });

    await expect(approve()).rejects.toThrow('eu/acme has no plan nope; none of its deletes are held.');
    await addHeld(pair, '/roles/gone', 'p1');
    await expect(approve()).rejects.toThrow('eu/acme has no plan nope; its plans are p1 (1 of kind role).');
  });
});

test('a request about more objects than there is time for says so, and goes on where it was when it is asked again', async () => {
  const pair = await polledPair();
  for (const path of ['/roles/a', '/roles/b', '/roles/c'] as const) await addParked(pair, path);
  await addHeld(pair, '/roles/x', 'p1');
  for (const path of ['/data/y', '/data/z'] as const) await addHeld(pair, path, 'p2');
  const hurried = async (request: OperatorRequest) => {
    const [answer] = await answerOperator(request, () => pair.ctx, pair.ctx.clock.now());
    return answer?.text;
  };
  const retry = () => hurried({ command: 'retry', pairs: ['eu/acme'] });
  const approve = (...plans: readonly string[]) => hurried({ command: 'approve-deletes', pair: 'eu/acme', plans });

  expect(await retry()).toBe('1 object is due again, and time was over before the last: run it again');
  expect(await retry()).toBe('1 object is due again, and time was over before the last: run it again');
  expect(await retry()).toBe('1 object is due again');
  expect(await pair.ledger.countUnsynced('parked')).toBe(0);

  expect(await approve('p1', 'p2')).toBe(
    '2 deletes are released, and time was over before the last: go on with "chef-sync-ctl approve-deletes eu/acme p2"',
  );
  expect(await pair.ledger.plans()).toMatchObject([{ id: 'p2' }]);
  expect(await approve('p2')).toBe('1 delete is released');
  expect(await pair.ledger.countUnsynced('held')).toBe(0);
});

test('a pair that there is not leaves nothing of the request done', async () => {
  const { ctx } = await polledPair();
  const recordsOf = (name: string): PairRecords => {
    if (name === 'eu/acme') return ctx;
    throw new Error(`no ${name}`);
  };

  await expect(answerOperator({ command: 'stop', pairs: ['eu/acme', 'us/acme'] }, recordsOf)).rejects.toThrow('no us');
  expect(await ctx.state.read()).toMatchObject({ isStopped: false });
});
