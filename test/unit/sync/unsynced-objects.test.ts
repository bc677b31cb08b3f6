import { expect, test } from 'vitest';
import { park } from '../../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../../lib/model/object-path.ts';
import type { Ledger } from '../../../lib/ports/ledger.ts';
import { allUnsynced, type UnsyncedPage, unsyncedObjects, unsyncedPage } from '../../../lib/sync/unsynced-objects.ts';
import { createMemoryLedger } from '../../support/memory-ledger.ts';
import { pendingEntry } from '../../support/pending-entry.ts';

const error = { code: 'TOO_LARGE', text: 'too large' };

/** Roles that wait, and data bags that were given up. */
async function filledLedger(roles: number, bags: number): Promise<Ledger> {
  const ledger = createMemoryLedger();
  for (let n = 0; n < roles; n += 1) await ledger.update(`/roles/r${n}`, () => pendingEntry(`/roles/r${n}`, n));
  for (let n = 0; n < bags; n += 1) {
    const entry = pendingEntry(`/data/b${n}`, n);
    await ledger.update(entry.path, () => park(entry, { version: entry.version, error }));
  }
  return ledger;
}

test('pages hold every object once, whatever its state, and end', async () => {
  const ledger = await filledLedger(1_100, 3);
  const pages: UnsyncedPage[] = [];
  let after: string | undefined;
  do {
    pages.push(await unsyncedPage(ledger, {}, after));
    after = pages.at(-1)?.next;
  } while (after !== undefined);

  expect(pages.length).toBeGreaterThan(2);
  for (const { objects } of pages) expect(objects.length).toBeLessThanOrEqual(500);
  const paths = pages.flatMap(({ objects }) => objects.map(({ path }) => path));
  expect(paths.length).toBe(1_103);
  expect(new Set(paths).size).toBe(1_103);
});

test('all of them come by path', async () => {
  const paths = (await unsyncedObjects(await filledLedger(12, 2))).map(({ path }) => path);

  expect(paths).toEqual(paths.toSorted());
  expect(paths).toHaveLength(14);
});

test.each<[object, readonly ObjectPath[]]>([
  [{ state: 'parked' }, ['/data/b0', '/data/b1']],
  [{ state: 'held' }, []],
  [{ glob: 'roles/r1' }, ['/roles/r1']],
  [{ glob: 'data_bags/*', state: 'parked' }, ['/data/b0', '/data/b1']],
  [{ glob: 'data_bags/*', state: 'pending' }, []],
])('%j leaves the others out', async (filter, expected) => {
  const found = await unsyncedObjects(await filledLedger(3, 2), filter);

  expect(found.map(({ path }) => path)).toEqual(expected);
});

test('an object that changes its state between two pages is there once, as it was seen last', async () => {
  const one = { path: '/roles/a', action: 'upsert', state: 'pending', attempts: 0, reason: 'waits' } as const;
  const pages: readonly UnsyncedPage[] = [
    { objects: [one], next: '1' },
    { objects: [{ ...one, state: 'parked', reason: 'too large' }] },
  ];

  expect(await allUnsynced(async (after) => pages[Number(after ?? 0)] ?? { objects: [] })).toEqual([
    { ...one, state: 'parked', reason: 'too large' },
  ]);
});

test('a delete says for which others it waits', async () => {
  const ledger = createMemoryLedger();
  for (const path of ['/cookbooks/web/1.0.0', '/roles/web'] as const) {
    await ledger.update(path, () => ({ ...pendingEntry(path, 1), action: 'delete', state: 'held' }));
  }
  await ledger.update('/roles/db', () => ({ ...pendingEntry('/roles/db', 1), action: 'delete' }));

  expect(await unsyncedObjects(ledger)).toMatchObject([
    {
      path: '/cookbooks/web/1.0.0',
      reason: expect.stringContaining('when no delete of a role or an environment is left'),
    },
    { path: '/roles/db', reason: expect.stringContaining('deletes go when every copy before them is done') },
    { path: '/roles/web', reason: 'the delete guard looks at it with the next poll' },
  ]);
});
