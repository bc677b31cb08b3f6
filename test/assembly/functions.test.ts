import pMap from 'p-map';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDynamoLedger } from '../../lib/aws/dynamo-ledger.ts';
import { createDynamoTable } from '../../lib/aws/dynamo-table.ts';
import type { OrganizationHandle } from '../../lib/local/sandbox-chef-server/organization-handle.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import type { FakeChefServer } from '../support/fake-chef-server.ts';
import { pendingEntry } from '../support/pending-entry.ts';
import { type FunctionWorld, MAX_RECEIVE_COUNT, startFunctionWorld, TABLE } from './function-world.ts';

const acme = (server: FakeChefServer): OrganizationHandle => server.organization('acme');

/** What can be compared of an organization; feeds and times differ. */
const contentOf = (server: FakeChefServer) => {
  const { roles, environments, dataBags, cookbooks } = acme(server).dump();
  return { roles, environments, dataBags, cookbooks };
};

/** Cookbook versions, the data bag and its items: what a first poll sends before all else. */
const STAGE_ONE = 6;

function fill(primary: OrganizationHandle): void {
  for (let n = 0; n < 12; n += 1) primary.putRole(`role-${n}`, { description: `role ${n}` });
  primary.putEnvironment('production', { description: 'live' });
  for (const id of ['ann', 'bob', 'eve']) primary.putItem('users', id, { id, shell: '/bin/sh' });
  primary.putCookbook('apt', '1.0.0', { files: { 'recipes/default.rb': 'package "apt"\n' } });
  primary.putCookbook('apt', '1.1.0', { files: { 'recipes/default.rb': 'package "apt" # 1.1\n' } });
}

describe('the functions of a stack, on stand-ins of AWS', () => {
  let world: FunctionWorld;

  beforeEach(async () => {
    world = await startFunctionWorld();
    fill(acme(world.primary));
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const condition = async () => (await world.status()).status.condition;

  test('an organization arrives whole, then its changes and deletes, and status says in sync', async () => {
    expect(await condition()).toBe('never polled');

    await world.sync();
    expect(contentOf(world.replica)).toEqual(contentOf(world.primary));
    expect(await condition()).toBe('in sync');

    acme(world.primary).putRole('role-3', { description: 'changed' });
    acme(world.primary).putCookbook('apt', '2.0.0', { files: { 'recipes/default.rb': 'package "apt" # 2\n' } });
    acme(world.primary).deleteItem('users', 'eve');
    await world.sync();
    expect(contentOf(world.replica)).toEqual(contentOf(world.primary));
    expect(await condition()).toBe('in sync');
  });

  test('a poll without changes reads as much of a table with 5,000 more entries as of one without', async () => {
    await world.sync();
    await world.sync();
    const cost = async () => {
      const before = world.dynamo.traffic();
      await world.sync();
      const after = world.dynamo.traffic();
      return { requests: after.requests - before.requests, bytes: after.bytes - before.bytes };
    };
    const small = await cost();

    const ledger = createDynamoLedger(createDynamoTable(world.dynamo.client, TABLE, systemClock), 'eu/acme');
    const gone = Array.from({ length: 5_000 }, (_, n) =>
      pendingEntry(`/roles/gone-${n}`, 1, { state: 'synced', action: 'delete', settledAt: Date.now() }),
    );
    await pMap(gone, (entry) => ledger.update(entry.path, () => entry), { concurrency: 32 });
    const large = await cost();

    expect(large.requests).toBe(small.requests);
    expect(large.bytes).toBeLessThan(small.bytes * 1.05);
    expect(large.requests).toBeLessThan(150);
  });

  test('a copier that dies with a batch, before or after its work, loses nothing and copies nothing twice', async () => {
    await world.pollAlone();
    expect(await world.lane.lose()).toBe(STAGE_ONE);
    world.sqs.passVisibility();
    expect(await world.lane.lose(world.functions.copier)).toBe(STAGE_ONE);
    const writes = () => world.replica.requests.count('POST', /./) + world.replica.requests.count('PUT', /./);
    const before = writes();
    world.sqs.passVisibility();

    expect(await world.lane.once(world.functions.copier)).toBe(STAGE_ONE);

    expect(writes()).toBe(before);
    await world.lane.drain(world.functions.copier);
    await world.sync();
    expect(contentOf(world.replica)).toEqual(contentOf(world.primary));
    expect(await condition()).toBe('in sync');
  });

  test('messages that kill every copier end parked, with the reason in status, and are copied when an operator retries', async () => {
    await world.pollAlone();
    for (let delivery = 1; delivery <= MAX_RECEIVE_COUNT; delivery += 1) {
      await world.lane.lose();
      world.sqs.passVisibility();
    }
    await world.lane.drain(world.functions.copier);

    expect(await world.deadLetters.drain(world.functions.parker)).toBe(STAGE_ONE);

    const { status, unsynced } = await world.status();
    expect(status.counts.parked).toBe(STAGE_ONE);
    expect(unsynced.filter(({ state }) => state === 'parked').map(({ reason }) => reason)).toContainEqual(
      expect.stringContaining('crashed'),
    );
    expect(await world.control({ command: 'retry', pairs: ['eu/acme'] })).toEqual([
      { pair: 'eu/acme', objects: STAGE_ONE, text: `${STAGE_ONE} objects are due again` },
    ]);
    await world.sync();
    expect(contentOf(world.replica)).toEqual(contentOf(world.primary));
    expect(await condition()).toBe('in sync');
  });

  test('a stop with messages in the queue copies nothing more until a start', async () => {
    await world.pollAlone();
    await world.control({ command: 'stop', pairs: ['eu/acme'] });

    await world.lane.drain(world.functions.copier);
    await world.sync();

    expect(acme(world.replica).dump().roles.size).toBe(0);
    expect(await condition()).toBe('stopped');
    await world.control({ command: 'start', pairs: ['eu/acme'] });
    expect(await condition()).not.toBe('stopped');
  });

  test('a copier without time begins nothing and counts no attempt', async () => {
    await world.pollAlone();
    const { copier } = world.functions;

    await world.lane.drain((event, context) => copier(event, { ...context, getRemainingTimeInMillis: () => 10_000 }));

    expect(acme(world.replica).dump().roles.size).toBe(0);
    const { unsynced } = await world.status();
    expect(unsynced.length).toBeGreaterThan(STAGE_ONE);
    for (const { attempts, nextAttemptAt = 0 } of unsynced) {
      expect(attempts).toBe(0);
      expect(nextAttemptAt).toBeLessThanOrEqual(Date.now());
    }
  });

  test('a key that is missing pauses the pair with the command to run, and its arrival ends that', async () => {
    world.secrets.put('chef-sync/eu', '');
    await world.sync();

    const { status } = await world.status();
    expect(status.condition).toBe('waiting');
    expect(status.text).toContain('waiting for replica');
    expect(status.text).toContain('aws secretsmanager create-secret --name chef-sync/eu');

    world.secrets.put('chef-sync/eu', world.replica.keyPem);
    await world.control({ command: 'start', pairs: ['eu/acme'] });
    await world.sync();
    expect(contentOf(world.replica)).toEqual(contentOf(world.primary));
  });

  test('status and control never read a secret, and refuse what they do not know with a sentence', async () => {
    await world.status();
    await world.control({ command: 'resync', pairs: ['eu/acme'] });
    expect(world.secrets.reads()).toBe(0);

    await expect(world.control({ command: 'stop', pairs: ['us/acme'] })).rejects.toThrow(
      'There is no pair us/acme; the pairs are eu/acme.',
    );
    await expect(world.control({ command: 'explode' })).rejects.toThrow('use the chef-sync-ctl of this version');
  });
});
