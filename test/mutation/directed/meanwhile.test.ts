import { expect, test } from 'vitest';
import { createSqliteLedger } from '../../../lib/local/sqlite-ledger.ts';
import type { ObjectPath } from '../../../lib/model/object-path.ts';
import { followHints } from '../../../lib/sync/follow-hints.ts';
import { objectText } from '../../simulation/object-texts.ts';
import { createStage, type Stage } from '../../simulation/stage.ts';
import { openTemporaryStateFile } from '../../support/temporary-state-file.ts';
import { pairOfMemory } from '../../unit/sync/pair-of-memory.ts';

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

test('copies a role that names a new cookbook after that cookbook, although it was uploaded after the cookbooks were listed', async () => {
  const cookbook = '/cookbooks/apt/1.0.0';
  const role = '/roles/r1';
  const named = objectText(role, 2, { uses: [cookbook] });
  const wasThere: boolean[] = [];
  const stage = createStage({
    afterDecision: ({ primary }, { path, attempts }) => {
      // A copier begins with the role that the inventory saw; the cookbooks of that pass are listed already.
      if (path !== role || attempts !== 1 || primary.get(role)?.text !== objectText(role, 1)) return;
      for (const file of ['shared-license', 'apt-0']) primary.files.add(file);
      primary.put(cookbook, objectText(cookbook, 0), 'people');
      primary.put(role, named, 'people');
    },
    afterWrite: ({ replica }, path) => {
      if (path === role && replica.get(role)?.text === named) wasThere.push(replica.get(cookbook) !== undefined);
    },
  });
  await copied(stage, ROLES);

  stage.primary.put(role, objectText(role, 1), 'people');
  await stage.pollFor(20);

  expect(wasThere).toEqual([true]);
  expect(stage.differences()).toEqual([]);
});

test('an event of an object that comes while an earlier one is worked on is looked at by the next poll', async () => {
  const { file, remove } = openTemporaryStateFile();
  try {
    const ledger = createSqliteLedger(file, 'eu/acme');
    const { ctx } = pairOfMemory(['/roles']);
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

    await followHints({ ...ctx, ledger: busy }, 1);

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
