import { describe, expect, test } from 'vitest';
import { packedConfigOf, startAssembledStack } from './assembled-stack.ts';
import { permissionsOf, refusedCalls } from './iam.ts';
import { contentOf, fill } from './organization-content.ts';
import { until } from './until.ts';

const PAIR = 'eu/acme';

describe('the bundles of a synthesized stack of several pairs', { timeout: 120_000 }, () => {
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
    const config = packedConfigOf(world.stack());
    expect(cloud.scheduledPairs().toSorted()).toEqual(config.pairs.map(({ name }) => name).toSorted());
    expect(cloud.scheduledPairs().length).toBe(40);
    const planned = new Set(config.pairs.map(({ lane }) => `chef-sync-lane-${lane}.fifo`));
    expect(world.lanes().toSorted()).toEqual([...planned].toSorted());
    const permissions = permissionsOf(world.stack());
    expect(refusedCalls(permissions, cloud.calls)).toEqual([]);
  });
});
