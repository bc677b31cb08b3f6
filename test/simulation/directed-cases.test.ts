import { expect, test } from 'vitest';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import { objectText } from './object-texts.ts';
import { createStage, type Stage } from './stage.ts';
import { START_AT } from './world.ts';

const MINUTE_MS = 60_000;
const ROLES = [1, 2, 3, 4, 5, 6].map((n): ObjectPath => `/roles/r${n}`);

/** A pair whose replica has everything. */
async function copied(stage: Stage, paths: readonly ObjectPath[]): Promise<Stage> {
  for (const path of paths) stage.writer.write(path, 0);
  await stage.pollFor(2);
  expect(stage.differences()).toEqual([]);
  return stage;
}

test('copies an object whose feed id became visible after a larger one was read', async () => {
  const stage = createStage({ profile: { hasFeed: true } });
  await copied(stage, ['/roles/r1', '/roles/r2']);

  const lateId = stage.feed.takeId();
  stage.writer.write('/roles/r2', 1);
  await stage.pollOnce();
  stage.primary.put('/roles/r1', objectText('/roles/r1', 2), 'people');
  stage.feed.commit(lateId, '/roles/r1', 'update');
  await stage.pollOnce();

  expect(stage.replica.get('/roles/r1')?.text).toBe(objectText('/roles/r1', 2));
  expect(stage.violations()).toEqual([]);
});

test('deletes what a copier wrote and died before it could say so, once the primary no longer has it', async () => {
  const stage = createStage({
    afterWrite: (world, path) => {
      if (path === '/roles/new' && world.replica.get(path) !== undefined) world.scheduler.crashAll();
    },
  });
  await copied(stage, ROLES);

  stage.writer.write('/roles/new', 0);
  await stage.pollOnce();
  expect(stage.replica.get('/roles/new')).toBeDefined();
  stage.writer.remove('/roles/new');
  await stage.pollFor(30);

  expect(stage.replica.get('/roles/new')).toBeUndefined();
  expect((await stage.status()).text).toBe('in sync');
  expect(stage.violations()).toEqual([]);
});

test('copies what went from A to B and back to A between two polls, whichever of them a copier saw', async () => {
  const stage = createStage({ profile: { hasFeed: true } });
  await copied(stage, ROLES);

  stage.writer.write('/roles/r1', 1);
  await stage.pollOnce();
  stage.writer.write('/roles/r1', 0);
  stage.feed.reset();
  await stage.pollFor(5);

  expect(stage.differences()).toEqual([]);
  expect(stage.violations()).toEqual([]);
});

test('deletes a data bag with its items, and keeps one that holds an item of somebody else', async () => {
  const stage = createStage({ profile: { hasFeed: true } });
  const bags: readonly ObjectPath[] = ['/data/b1', '/data/b1/i1', '/data/b2', '/data/b2/i1', '/data/b3', '/data/b4'];
  await copied(stage, bags);
  stage.disturb('/data/b2/hand', objectText('/data/b2/hand', 9));

  stage.writer.remove('/data/b1');
  stage.writer.remove('/data/b2');
  await stage.pollFor(8);

  expect(stage.replica.paths().toSorted()).toEqual(['/data/b2', '/data/b2/hand', '/data/b3', '/data/b4']);
  expect((await stage.status()).condition).toBe('deletes held');
  expect(stage.entry('/data/b2')?.lastError?.code).toBe('NOT_EMPTY');
  expect(stage.violations()).toEqual([]);
});

test('deletes a data bag that an item’s copier made, although the bag’s own copy never began', async () => {
  const stage = createStage({ profile: { hasFeed: true } });
  await copied(stage, ['/data/b2']);
  stage.queue.setFaults({ lostShare: 1, failedShare: 0, acknowledgementLostShare: 0 });
  stage.writer.write('/data/b1', 0);
  stage.writer.write('/data/b1/i1', 0);
  await stage.pollOnce();
  await stage.copy('/data/b1/i1');
  expect(stage.replica.paths()).toContain('/data/b1');

  stage.queue.setFaults({ lostShare: 0, failedShare: 0, acknowledgementLostShare: 0 });
  stage.writer.remove('/data/b1');
  // As far as the ledger knows the first messages are out for twelve minutes; a bag that is still full is asked for again after an hour.
  await stage.pollFor(20);
  await stage.wait(60);
  await stage.pollFor(3);

  expect(stage.replica.paths()).toEqual(['/data/b2']);
  expect(stage.violations()).toEqual([]);
});

test('waits for a data bag that is not empty as long as it takes, and deletes it then', async () => {
  const stage = createStage({ profile: { hasFeed: true } });
  await copied(stage, ['/data/b1', '/data/b2']);
  stage.disturb('/data/b1/hand', objectText('/data/b1/hand', 9));
  stage.writer.remove('/data/b1');
  await stage.pollFor(3);
  for (let hour = 0; hour < 12; hour += 1) {
    await stage.wait(60);
    await stage.pollFor(2);
  }
  expect(stage.entry('/data/b1')?.lastError?.code).toBe('NOT_EMPTY');

  stage.disturb('/data/b1/hand', undefined);
  await stage.wait(60);
  await stage.pollFor(2);

  expect(stage.replica.paths()).toEqual(['/data/b2']);
  expect((await stage.status()).text).toBe('in sync');
});

test('holds a mass delete until an operator approves it', async () => {
  const stage = createStage();
  await copied(stage, ROLES);

  for (const path of ROLES.slice(1)) stage.writer.remove(path);
  await stage.pollFor(10);
  expect(stage.replica.paths()).toEqual(expect.arrayContaining([...ROLES]));
  expect((await stage.status()).condition).toBe('deletes held');

  await stage.approveEveryPlan();
  await stage.pollFor(4);
  expect(stage.replica.paths()).toEqual(['/roles/r1']);
  expect((await stage.status()).text).toBe('in sync');
  expect(stage.violations()).toEqual([]);
});

test('copies everything again into a replica that was replaced, and deletes nothing there', async () => {
  const stage = createStage();
  await copied(stage, ROLES);

  stage.replica.setGuid('guid-of-another-replica');
  for (const path of stage.replica.paths()) stage.disturb(path, undefined);
  stage.disturb('/roles/theirs', objectText('/roles/theirs', 9));
  stage.disturb('/roles/r1', objectText('/roles/r1', 9));
  stage.writer.remove('/roles/r1');
  await stage.pollFor(10);

  const { replica } = stage;
  expect(replica.get('/roles/theirs')?.text).toBe(objectText('/roles/theirs', 9));
  expect(replica.get('/roles/r1')?.text).toBe(objectText('/roles/r1', 9));
  expect(stage.differences().toSorted()).toEqual(['/roles/r1', '/roles/theirs']);
  expect(stage.violations()).toEqual([]);
});

test('deletes nothing of a replica that was replaced while a delete was on its way', async () => {
  const stage = createStage({
    profile: { hasFeed: true },
    afterDecision: (world, { action, attempts }) => {
      if (action !== 'delete' || attempts === 0) return;
      world.replica.setGuid('guid-of-another-replica');
      for (const path of world.replica.paths()) world.disturb(path, world.replica.get(path)?.text);
    },
  });
  await copied(stage, ROLES);

  stage.writer.remove('/roles/r6');
  await stage.pollFor(5);

  expect(stage.replica.get('/roles/r6')).toBeDefined();
  expect(stage.violations()).toEqual([]);
});

test('writes an object again when an overloaded replica falsely called it missing', async () => {
  const from = START_AT + 4 * MINUTE_MS;
  const stage = createStage({
    profile: {
      servers: {
        episodes: [{ side: 'replica', kind: 'strain', from, until: from + 20 * MINUTE_MS }],
        refusals: [],
        strayShare: 0,
      },
    },
  });
  await copied(stage, ROLES);
  for (let content = 1; content < 12; content += 1) {
    for (const path of ROLES) stage.writer.write(path, content % 3);
    await stage.pollFor(2);
  }
  await stage.pollFor(60);

  expect(stage.differences()).toEqual([]);
  expect(stage.violations()).toEqual([]);
});

test('deletes nothing while the lists of the primary lie empty', async () => {
  const from = START_AT + 5 * MINUTE_MS;
  const stage = createStage({
    profile: {
      servers: {
        episodes: [{ side: 'primary', kind: 'empty lists', from, until: from + 10 * MINUTE_MS }],
        refusals: [],
        strayShare: 0,
      },
    },
  });
  await copied(stage, ['/roles/r1', '/environments/e1', '/data/b1', '/data/b1/i1', '/cookbooks/apt/1.0.0']);

  await stage.pollFor(10);
  expect(stage.differences()).toEqual([]);
  await stage.pollFor(10);

  expect(stage.differences()).toEqual([]);
  expect((await stage.status()).text).toBe('in sync');
  expect(stage.violations()).toEqual([]);
});

test('takes an item that a late event revives for deleted when its data bag is gone', async () => {
  const stage = createStage({ profile: { hasFeed: true } });
  await copied(stage, ['/data/b1', '/data/b1/i1', '/data/b2', '/data/b2/i1']);
  stage.writer.remove('/data/b1');
  await stage.pollFor(4);
  expect(stage.replica.paths()).not.toContain('/data/b1');

  stage.feed.commit(stage.feed.takeId(), '/data/b1/i1', 'create');
  await stage.pollFor(8);

  expect((await stage.status()).text).toBe('in sync');
  expect(stage.violations()).toEqual([]);
});

test('ends in sync when a data bag came and went with its item between two polls', async () => {
  const stage = createStage({ profile: { hasFeed: true } });
  await copied(stage, ['/data/b2', '/data/b2/i1']);

  stage.writer.write('/data/b1', 0);
  stage.writer.write('/data/b1/i1', 0);
  stage.writer.remove('/data/b1');
  await stage.pollFor(8);

  expect((await stage.status()).text).toBe('in sync');
  expect(stage.violations()).toEqual([]);
});

test('finds a forced change of a frozen cookbook version within a day', async () => {
  const stage = createStage();
  const path = '/cookbooks/apt/1.0.0';
  for (const file of ['apt-0', 'apt-1', 'shared-license']) stage.primary.files.add(file);
  stage.primary.put(path, objectText(path, 0, { isFrozen: true }), 'people');
  await stage.pollFor(3);

  stage.primary.put(path, objectText(path, 1, { isFrozen: true }), 'people');
  await stage.wait(24 * 60);
  await stage.pollFor(3);

  expect(stage.replica.get(path)?.text).toBe(objectText(path, 1, { isFrozen: true }));
});

test('two polls of one pair at once, after a lapsed lease, end with both sides equal', async () => {
  const stage = createStage();
  await copied(stage, ROLES);

  for (const path of ROLES) stage.writer.write(path, 1);
  stage.scheduler.setFaults({ crashShare: 0, stallShare: 0.1 });
  stage.poll();
  stage.poll();
  await stage.pollFor(12);
  stage.scheduler.setFaults({ crashShare: 0, stallShare: 0 });
  await stage.pollFor(15);

  expect(stage.differences()).toEqual([]);
  expect(stage.violations()).toEqual([]);
});
