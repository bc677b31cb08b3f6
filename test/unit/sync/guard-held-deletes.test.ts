import { describe, expect, test } from 'vitest';
import { begin, hold, observe } from '../../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../../lib/model/object-path.ts';
import { guardHeldDeletes } from '../../../lib/sync/guard-held-deletes.ts';
import { type PairOfMemory, pairOfMemory } from './pair-of-memory.ts';

/** A bag of 30 that was deleted on the primary. */
async function deleteBag({ ctx, ledger }: PairOfMemory, path: ObjectPath): Promise<void> {
  const seen = { path, epoch: 1, now: ctx.clock.now(), by: 'inventory' } as const;
  await ledger.update(path, (entry) => observe(entry, { ...seen, action: 'upsert' }));
  await ledger.update(path, (entry) => observe(entry, { ...seen, action: 'delete' }));
  await ledger.updateList('primary', '/data', () => ({
    side: 'primary',
    list: '/data',
    epoch: 1,
    generation: 1,
    count: 30,
  }));
}

/** The copier finds the bag not empty on the replica and hands it back for an hour. */
async function findNotEmpty({ ctx, ledger }: PairOfMemory, path: ObjectPath): Promise<void> {
  const version = (await ledger.read(path))?.version ?? { epoch: 0, n: 0 };
  const error = { code: 'NOT_EMPTY', text: 'The bag is not empty.', side: 'replica' } as const;
  await ledger.update(path, (entry) => begin(entry, version));
  await ledger.update(path, (entry) => hold(entry, { version, at: ctx.clock.now() + 3_600_000, error }));
}

describe('guardHeldDeletes', () => {
  test('a bag that is not empty on the replica uses up no delete of other bags, and is offered on', async () => {
    const pair = pairOfMemory(['/data']);
    await deleteBag(pair, '/data/full');
    for (let hour = 0; hour < 23; hour += 1) {
      await guardHeldDeletes(pair.ctx, pair.lease);
      expect(await pair.ledger.read('/data/full')).toMatchObject({ state: 'pending', attempts: 0 });
      await findNotEmpty(pair, '/data/full');
      pair.pass(3_600_000);
    }

    await deleteBag(pair, '/data/other');
    await guardHeldDeletes(pair.ctx, pair.lease);

    expect(await pair.ledger.read('/data/other')).toMatchObject({ state: 'pending', action: 'delete' });
  });

  test('after the primary was replaced, one that came back is held like every other', async () => {
    const pair = pairOfMemory(['/data']);
    await deleteBag(pair, '/data/full');
    await guardHeldDeletes(pair.ctx, pair.lease);
    await findNotEmpty(pair, '/data/full');
    pair.pass(3_600_000);
    await pair.lease.write((state) => ({ ...state, holdsEveryDelete: 'the primary was replaced' }));

    await guardHeldDeletes(pair.ctx, pair.lease);

    expect(await pair.ledger.read('/data/full')).toMatchObject({ state: 'held' });
    expect(await pair.ledger.plans()).toMatchObject([{ reason: 'the primary was replaced' }]);
  });

  test('a plan names the same objects first wherever its ledger is', async () => {
    const pair = pairOfMemory(['/data']);
    for (const path of ['/data/first', '/data/b', '/data/a'] as const) {
      await deleteBag(pair, path);
      pair.pass(1_000);
    }
    await pair.lease.write((state) => ({ ...state, holdsEveryDelete: 'the primary was replaced' }));

    await guardHeldDeletes(pair.ctx, pair.lease);

    expect(await pair.ledger.plans()).toMatchObject([{ samples: ['/data/a', '/data/b', '/data/first'] }]);
  });
});
