import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDynamoLedger } from '../../lib/aws/dynamo-ledger.ts';
import { createDynamoTable } from '../../lib/aws/dynamo-table.ts';
import { entryKey } from '../../lib/aws/row-keys.ts';
import type { OrganizationHandle } from '../../lib/local/sandbox-chef-server/organization-handle.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { lambdaContext } from '../support/aws/event-source.ts';
import type { FakeChefServer } from '../support/fake-chef-server.ts';
import { pendingEntry } from '../support/pending-entry.ts';
import { type FunctionWorld, startFunctionWorld, TABLE } from './function-world.ts';

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

/** Entries of roles that were deleted lately: no poll has anything to do with them. */
async function putTombstones({ dynamo }: FunctionWorld, count: number): Promise<void> {
  for (let start = 0; start < count; start += 25) {
    const requests = Array.from({ length: 25 }, (_, n) => {
      const path = `/roles/gone-${start + n}` as const;
      const body = pendingEntry(path, 1, { state: 'synced', action: 'delete', settledAt: 1 });
      return { PutRequest: { Item: { ...entryKey('eu/acme', path), rev: 'test', body } } };
    });
    await dynamo.client.send(new BatchWriteCommand({ RequestItems: { [TABLE]: requests } }));
  }
}

describe('the functions of a stack, on stand-ins of AWS', () => {
  let world: FunctionWorld;

  beforeEach(async () => {
    world = await startFunctionWorld();
    fill(acme(world.primary));
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const condition = async () => (await world.status()).status.condition;

  // Five polls, each with its pauses; on a busy two-core machine half a minute.
  test('an organization arrives whole, a poll without changes scans nothing, changes and deletes arrive too', async () => {
    expect(await condition()).toBe('never polled');

    await world.sync();
    expect(contentOf(world.replica)).toEqual(contentOf(world.primary));
    expect(await condition()).toBe('in sync');

    await world.sync();
    const cost = async () => {
      const before = world.dynamo.traffic();
      await world.sync();
      const after = world.dynamo.traffic();
      return { requests: after.requests - before.requests, bytes: after.bytes - before.bytes };
    };
    await putTombstones(world, 1_000);
    // A poll that takes a whole inventory asks for some 20 KB; the tombstones alone are more than 200.
    for (const { requests, bytes } of [await cost(), await cost(), await cost()]) {
      expect(bytes).toBeLessThan(60_000);
      expect(requests).toBeLessThan(60);
    }

    acme(world.primary).putRole('role-3', { description: 'changed' });
    acme(world.primary).putCookbook('apt', '2.0.0', { files: { 'recipes/default.rb': 'package "apt" # 2\n' } });
    acme(world.primary).deleteItem('users', 'eve');
    await world.sync();
    expect(contentOf(world.replica)).toEqual(contentOf(world.primary));
    expect(await condition()).toBe('in sync');
  }, 120_000);

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

  test.each([
    ['missing', () => world.secrets.remove('chef-sync/eu'), 'create-secret --name chef-sync/eu'],
    ['empty', () => world.secrets.put('chef-sync/eu', ''), 'create-secret --name chef-sync/eu'],
    ['no PEM', () => world.secrets.put('chef-sync/eu', 'hunter2'), 'put-secret-value --secret-id chef-sync/eu'],
  ])(
    'a key that is %s pauses the pair with the command to run, and its arrival ends that',
    async (_, spoil, command) => {
      world.secrets.hideMissing();
      spoil();
      await world.sync();

      const { status } = await world.status();
      expect(status.condition).toBe('waiting');
      expect(status.text).toContain('waiting for replica');
      expect(status.text).toContain(`aws secretsmanager ${command}`);
      expect(status.text).not.toContain('hunter2');

      world.secrets.put('chef-sync/eu', world.replica.keyPem);
      await world.control({ command: 'start', pairs: ['eu/acme'] });
      await world.sync();
      expect(contentOf(world.replica)).toEqual(contentOf(world.primary));
    },
  );

  test('a dead letter that cannot be parked is an error of the parker, which rings its alarm, and comes again', async () => {
    vi.stubEnv('CHEF_SYNC_TABLE', 'removed-by-hand');
    vi.resetModules();
    const { handler } = await import('../../functions/parker.ts');
    await world.pollAlone();

    await expect(world.lane.once(handler)).rejects.toThrow('cannot be parked');
    vi.stubEnv('CHEF_SYNC_TABLE', TABLE);
    vi.resetModules();
    const repaired = await import('../../functions/parker.ts');
    world.sqs.passVisibility();
    await world.lane.drain(repaired.handler);

    const { status } = await world.status();
    expect(status.counts.parked).toBe(STAGE_ONE);
  });

  test('control answers before its time is over, however slowly the objects of a retry are written', async () => {
    await world.control({ command: 'start', pairs: ['eu/acme'] });
    const ledger = createDynamoLedger(createDynamoTable(world.dynamo.client, TABLE, systemClock), 'eu/acme');
    for (const path of ['/roles/a', '/roles/b', '/roles/c'] as const) {
      await ledger.update(path, () => pendingEntry(path, 1, { state: 'parked' }));
    }
    // That of the functions, whose modules were loaded anew.
    const { systemClock: clock } = await import('../../lib/runtime/system-clock.ts');
    let aheadMs = 0;
    vi.spyOn(clock, 'now').mockImplementation(() => {
      aheadMs += 60_000;
      return Date.now() + aheadMs;
    });

    const [answer] = await world.control({ command: 'retry', pairs: ['eu/acme'] });

    expect(answer?.text).toMatch(/^[12] objects? (is|are) due again, and time was over before the last: run it again$/);
  });

  test('status and control never read a secret, and refuse what they do not know with a sentence', async () => {
    await world.status();
    await world.control({ command: 'resync', pairs: ['eu/acme'] });
    expect(world.secrets.reads()).toBe(0);

    await expect(world.control({ command: 'stop', pairs: ['us/tools'] })).rejects.toThrow(
      'There is no pair us/tools; the pairs are eu/acme.',
    );
    expect(await world.functions.control({ command: 'explode' }, lambdaContext('control'))).toMatchObject({
      refused: { message: expect.stringContaining('use the chef-sync-ctl of this version') },
    });
  });
});
