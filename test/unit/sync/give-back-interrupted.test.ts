import { expect, test } from 'vitest';
import { giveBackInterrupted } from '../../../lib/sync/give-back-interrupted.ts';
import { entryOf } from '../model/entry-of.ts';
import { pairOfMemory } from './pair-of-memory.ts';

const interrupted = { state: 'pending', attempts: 2, sends: 1, sentAt: 100, nextAttemptAt: 900_000 } as const;

async function restartedWith(...paths: readonly `/${string}`[]) {
  const { ctx, ledger } = pairOfMemory(['/roles']);
  for (const path of paths) await ledger.update(path, () => entryOf(path, interrupted));
  await giveBackInterrupted({ ...ctx, queue: { ...ctx.queue, beganAt: 1_000 } });
  return await Promise.all(paths.map((path) => ledger.read(path)));
}

test('a daemon that is killed again and again counts no attempt against the objects that it was copying', async () => {
  for (const entry of await restartedWith('/roles/a', '/roles/b')) {
    expect(entry).toMatchObject({ state: 'pending', attempts: 1 });
    expect(entry?.sentAt).toBeUndefined();
    expect(entry?.nextAttemptAt).toBeLessThan(900_000);
  }
});

test('an object that was copied alone when the daemon died may be the cause, so its attempt counts', async () => {
  expect(await restartedWith('/roles/a')).toMatchObject([{ state: 'pending', attempts: 2 }]);
});
