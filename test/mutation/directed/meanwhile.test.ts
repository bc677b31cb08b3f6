import { expect, test } from 'vitest';
import { createSqliteLedger } from '../../../lib/local/sqlite-ledger.ts';
import { listOf, type ObjectPath, trustedRef } from '../../../lib/model/object-path.ts';
import { followHints } from '../../../lib/sync/follow-hints.ts';
import { guardHeldDeletes } from '../../../lib/sync/guard-held-deletes.ts';
import { objectText } from '../../simulation/object-texts.ts';
import type { Profile } from '../../simulation/profile.ts';
import { createStage, type Stage } from '../../simulation/stage.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { openTemporaryStateFile } from '../../support/temporary-state-file.ts';
import { pairOfMemory } from '../../unit/sync/pair-of-memory.ts';

/** The row of a list that was read completely. */
const LIST = { side: 'primary', epoch: 1, generation: 0, count: 20 } as const;

const ROLES = [1, 2, 3, 4].map((n): ObjectPath => `/roles/r${n}`);

async function copied(stage: Stage, paths: readonly ObjectPath[]): Promise<void> {
  for (const path of paths) stage.primary.put(path, objectText(path, 0), 'people');
  await stage.pollFor(3);
  expect(stage.differences()).toEqual([]);
}

test('takes back a write that reaches the replica after the object was deleted there', async () => {
  const stage = createStage();
  await copied(stage, ROLES);
  stage.primary.remove('/roles/r1');
  await stage.pollFor(6);
  expect(stage.replica.get('/roles/r1')).toBeUndefined();

  stage.replica.put('/roles/r1', objectText('/roles/r1', 0), 'copier');
  await stage.pollFor(10);

  expect(stage.replica.get('/roles/r1')).toBeUndefined();
  expect(stage.replica.paths()).toHaveLength(ROLES.length - 1);
});

/** A role that changes once more when its copier begins, to name a cookbook that was uploaded just before. */
async function copyRoleThatNamesNewCookbook(profile: Partial<Profile>): Promise<void> {
  const cookbook = '/cookbooks/apt/1.0.0';
  const role = '/roles/r1';
  const wasThere: boolean[] = [];
  const stage = createStage({
    profile,
    afterDecision: ({ primary, writer }, { path, attempts }) => {
      if (path !== role || attempts !== 1 || primary.get(role)?.text !== objectText(role, 1)) return;
      writer.write(cookbook, 0);
      writer.write(role, 2, [cookbook]);
    },
    afterWrite: ({ replica }, path) => {
      const isNamed = replica.get(role)?.text === objectText(role, 2, { uses: [cookbook] });
      if (path === role && isNamed) wasThere.push(replica.get(cookbook) !== undefined);
    },
  });
  await copied(stage, ROLES);

  stage.writer.write(role, 1, []);
  await stage.pollFor(20);

  expect(wasThere).toEqual([true]);
  expect(stage.differences()).toEqual([]);
}

test('copies a role that names a new cookbook after that cookbook, although the cookbook came after what the inventory told', async () => {
  await copyRoleThatNamesNewCookbook({});
});

test('copies a role that names a new cookbook after that cookbook, although the cookbook came after what the feed told', async () => {
  await copyRoleThatNamesNewCookbook({ hasFeed: true });
});

test('copies a role that names a new cookbook after that cookbook, although the cookbook came after what an event told', async () => {
  await copyRoleThatNamesNewCookbook({ hints: { lostShare: 0, lateShare: 0, doubledShare: 0, wrongShare: 0 } });
});

test('a cookbook version whose delete an event told of stays until the roles that name it were read after that', async () => {
  const { ctx, ledger, lease } = pairOfMemory(['/roles', '/cookbooks']);
  const [cookbook, role]: readonly [ObjectPath, ObjectPath] = ['/cookbooks/apt/1.0.0', '/roles/web'];
  for (const path of [cookbook, role]) {
    await ledger.updateList('primary', listOf(trustedRef(path)), () => ({ ...LIST, list: listOf(trustedRef(path)) }));
    await ledger.update(path, () => pendingEntry(path, 1, { state: 'synced', owned: 'replica' }));
    await ledger.writeHint({ path, action: 'delete', at: 1, id: `event of ${path}` });
  }
  const readContentsIn = (number: number) =>
    lease.write((state) => {
      const contents = { number, endedAt: 0, tookMs: 0, completeAt: 0 };
      const primary = { ...state.inventory.primary, number, contents };
      return { ...state, inventory: { ...state.inventory, primary } };
    });
  await readContentsIn(4);

  await followHints(ctx, lease.state());
  await guardHeldDeletes(ctx, lease);
  expect(await ledger.read(cookbook)).toMatchObject({ action: 'delete', state: 'held' });
  expect(await ledger.read(role)).toMatchObject({ action: 'delete', state: 'pending' });

  await readContentsIn(5);
  await guardHeldDeletes(ctx, lease);
  expect(await ledger.read(cookbook)).toMatchObject({ action: 'delete', state: 'pending' });
});

test('an event of an object that comes while an earlier one is worked on is looked at by the next poll', async () => {
  const { file, remove } = openTemporaryStateFile();
  try {
    const ledger = createSqliteLedger(file, 'eu/acme');
    const { ctx, lease } = pairOfMemory(['/roles']);
    const hint = { path: '/roles/web', action: 'upsert', at: 1 } as const;
    await ledger.writeHint({ ...hint, id: 'first' });
    const busy = {
      ...ledger,
      update: async (path, decide) => {
        const result = await ledger.update(path, decide);
        await ledger.writeHint({ ...hint, id: 'second' });
        return result;
      },
    } satisfies typeof ledger;

    await followHints({ ...ctx, ledger: busy }, lease.state());

    expect(await ledger.hints()).toMatchObject([{ id: 'second' }]);
  } finally {
    remove();
  }
});

test('copies back what only a copier found changed, between two inventories that found it as it was', async () => {
  const item = '/data/b1/i1';
  const isText = (text: string | undefined, content: number): boolean => text === objectText(item, content);
  let isSeenByCopier = false;
  const stage = createStage({
    profile: { search: { isThere: true, lagMs: 0 } },
    afterDecision: ({ primary }, { path, attempts }) => {
      if (path !== item || attempts !== 1 || isSeenByCopier || !isText(primary.get(path)?.text, 1)) return;
      isSeenByCopier = true;
      primary.put(path, objectText(path, 2), 'people');
    },
    afterWrite: ({ primary, replica }, path) => {
      if (path === item && isText(replica.get(path)?.text, 2)) primary.put(path, objectText(path, 1), 'people');
    },
  });
  await copied(stage, ['/data/b1', item]);

  stage.primary.put(item, objectText(item, 1), 'people');
  await stage.pollFor(20);

  expect(isSeenByCopier).toBe(true);
  expect(stage.differences()).toEqual([]);
});
