import { describe, expect, test } from 'vitest';
import { type AssembledStack, COPIER, POLLER, packedConfigOf, startAssembledStack } from './assembled-stack.ts';
import { CALLED_BY_AWS, permissionsOf, refusedCalls, unusedPermissions } from './iam.ts';
import { contentOf, fill } from './organization-content.ts';
import { until } from './until.ts';

const PAIR = 'eu/acme';
const VISIBILITY_MS = 360_000;

/** Does with the first of the pairs whatever a function is allowed to do anything for, and reads every server with a job. */
async function useEveryCall(world: AssembledStack, pairs: readonly string[]): Promise<void> {
  const [pair = ''] = pairs;
  const { cloud, primary } = world;
  const source = primary.organization('org0');
  source.deleteDataBag('lists');
  for (let n = 4; n < 12; n += 1) source.deleteRole(`role-${n}`);
  await world.ledger(pair).writeHint({ path: '/roles/role-3', action: 'upsert', at: cloud.now(), id: 'told' });
  for (let polls = 0; polls < 2; polls += 1) {
    await world.sync(pair);
    cloud.passTime(VISIBILITY_MS);
  }
  const { status } = await world.status(pair);
  await world.control({ command: 'approve-deletes', pair, plans: status.plans.map(({ id }) => id) });
  await world.sync(pair);

  source.putRole('role-0', { description: 'deadly' });
  cloud.crashOn(COPIER, '/roles/role-0');
  await cloud.whileMapped(async () => {
    const polled = cloud.fire(pair);
    await until(async () => {
      if (!cloud.isBusy(COPIER)) cloud.sqs.passVisibility();
      return (await world.status(pair)).status.counts.parked > 0;
    });
    await polled;
  });
  cloud.crashOn(COPIER);

  for (const one of pairs) await world.inspector.finish({ command: 'check', pair: one, listsEqual: false });
  for await (const _line of world.operator.log(pair).added()) break;
}

describe('the bundles of a synthesized stack of several pairs', { timeout: 180_000 }, () => {
  test('copy nothing more after a stop with 1,000 messages queued, and send them again after a start', async () => {
    await using world = await startAssembledStack({ organizations: ['acme', 'tools'] });
    const { cloud, primary, replica } = world;
    const pairs = [PAIR, 'eu/tools'];
    for (const organization of ['acme', 'tools']) {
      for (let n = 0; n < 500; n += 1) primary.organization(organization).putRole(`role-${n}`, {});
    }
    const writes = (): number => replica().requests.count('POST', /./) + replica().requests.count('PUT', /./);
    const queued = (): number => world.lanes().reduce((sum, lane) => sum + cloud.sqs.count(lane), 0);
    const polls = Promise.all(pairs.map((pair) => cloud.fire(pair)));
    await until(() => queued() === 1_000);

    await world.control({ command: 'stop', pairs });
    await polls;
    await cloud.whileMapped(async () => {});

    expect(queued()).toBe(0);
    expect(writes()).toBe(0);
    const { status, unsynced } = await world.status(PAIR);
    expect(status.condition).toBe('stopped');
    expect(unsynced.length).toBe(500);
    expect(unsynced.every(({ attempts }) => attempts === 0)).toBe(true);

    await world.control({ command: 'start', pairs: [PAIR] });
    const polled = cloud.fire(PAIR);
    await until(() => queued() === 500);
    await world.control({ command: 'stop', pairs });
    await polled;
  });

  test('follow 40 pairs over 4 replicas through lanes that all exist', async () => {
    const organizations = Array.from({ length: 10 }, (_, n) => `org${n}`);
    const replicas = ['r0', 'r1', 'r2', 'r3'];
    await using world = await startAssembledStack({ organizations, requestsInFlight: 32 }, replicas);
    const { cloud, primary } = world;
    fill(primary.organization('org0'));
    const pairs = replicas.map((name) => `${name}/org0`);

    await cloud.whileMapped(() => Promise.all(pairs.map((pair) => cloud.fire(pair))));

    for (const name of replicas) expect(contentOf(world.replica(name), 'org0')).toEqual(contentOf(primary, 'org0'));
    primary.organization('org0').putRole('role-0', { description: 'changed' });
    await world.sync('r3/org0');
    expect(contentOf(world.replica('r3'), 'org0')).toEqual(contentOf(primary, 'org0'));
    const config = packedConfigOf(world.stack());
    expect(cloud.scheduledPairs().toSorted()).toEqual(config.pairs.map(({ name }) => name).toSorted());
    expect(cloud.scheduledPairs().length).toBe(40);
    const planned = new Set(config.pairs.map(({ lane }) => `chef-sync-lane-${lane}.fifo`));
    expect(world.lanes().toSorted()).toEqual([...planned].toSorted());

    await useEveryCall(world, pairs);
    const permissions = permissionsOf(world.stack());
    expect(refusedCalls(permissions, cloud.calls)).toEqual([]);
    expect(unusedPermissions(permissions, cloud.calls, CALLED_BY_AWS)).toEqual([]);
  }, 300_000);

  test('never copy one object in two lanes when a deployment moves its pair to another one', async () => {
    const organizations = Array.from({ length: 8 }, (_, n) => `org${n}`);
    const few = { organizations: ['org0'] };
    await using world = await startAssembledStack(few, ['eu'], organizations);
    const { cloud, primary, replica } = world;
    const pair = 'eu/org0';
    fill(primary.organization('org0'));
    // More than two copiers take at a time.
    for (let n = 12; n < 42; n += 1) primary.organization('org0').putRole(`role-${n}`, {});
    const sendsTo = (lane: string): number =>
      cloud.calls.filter(({ action, resource }) => action === 'sqs:SendMessage' && resource.endsWith(lane)).length;
    const [oldLane = ''] = world.lanes();
    replica().faults.when({ method: 'POST', path: /\/roles$/ }, { kind: 'delay', ms: 1_500 });

    // The copier works on while the queue, with messages in it, is replaced under it.
    await cloud.whileMapped(async () => {
      const polled = cloud.fire(pair);
      await until(() => replica().requests.count('POST', /\/roles$/) > 0);
      cloud.kill(POLLER);
      await expect(polled).rejects.toThrow('died');
      expect(cloud.isBusy(COPIER)).toBe(true);
      expect(cloud.sqs.count(oldLane)).toBeGreaterThan(20);
      await world.deploy({ organizations });
    });
    replica().faults.clear();
    const newLane = `chef-sync-lane-${packedConfigOf(world.stack()).pairs.find(({ name }) => name === pair)?.lane}.fifo`;
    expect(newLane).not.toBe(oldLane);
    primary.organization('org0').putRole('role-0', { description: 'changed' });

    await world.sync(pair);
    cloud.passTime(2 * VISIBILITY_MS + 1_000);
    await world.sync(pair);
    cloud.passTime(VISIBILITY_MS - 20_000);
    await world.sync(pair);
    expect(sendsTo(newLane)).toBe(0);

    cloud.passTime(21_000);
    await world.sync(pair);
    expect(sendsTo(newLane)).toBeGreaterThan(0);
    expect(contentOf(replica(), 'org0')).toEqual(contentOf(primary, 'org0'));
  });
});
