import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { leapingClock } from './leaping-clock.ts';
import { createPairWorld, type PairWorld } from './pair-world.ts';
import { cookbookContent, roleText } from './sample-organization.ts';

const REPLICAS = ['eu', 'us', 'ap'] as const;

describe('one primary with three replicas', () => {
  let primary: FakeChefServer;
  let replicas: Record<(typeof REPLICAS)[number], FakeChefServer>;
  let world: PairWorld;

  beforeEach(async () => {
    const clock = leapingClock();
    const start = (organizations: readonly string[]): Promise<FakeChefServer> =>
      startFakeChefServer({ organizations, now: clock.now });
    const [first, eu, us, ap] = await Promise.all([
      start(['everywhere', 'europe', 'nowhere']),
      start(['everywhere', 'europe', 'nowhere']),
      start(['everywhere', 'nowhere']),
      start(['everywhere', 'nowhere']),
    ]);
    primary = first;
    replicas = { eu, us, ap };
    for (const organization of ['everywhere', 'europe', 'nowhere']) {
      for (const n of [1, 2, 3])
        primary.organization(organization).putRole(`role${n}`, roleText(`role${n}`, organization));
      primary.organization(organization).putCookbook('base', '1.0.0', cookbookContent('base', '1.0.0', organization));
    }
    world = createPairWorld({
      primary,
      replicas,
      organizations: [
        { source: 'everywhere', replica: 'all' },
        { source: 'europe', replica: 'eu' },
      ],
      defaults: { pollSeconds: 10 },
      clock,
    });
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await Promise.all([primary, ...Object.values(replicas)].map((server) => server.stop()));
  });

  test('each gets the organizations that are meant for it, and no other', async () => {
    const reports = await world.once();

    expect(reports.map(({ pair, status }) => `${pair} ${status.condition}`)).toEqual([
      'eu/everywhere in sync',
      'us/everywhere in sync',
      'ap/everywhere in sync',
      'eu/europe in sync',
    ]);
    for (const name of REPLICAS) {
      expect(replicas[name].organization('everywhere').dump()).toEqual(primary.organization('everywhere').dump());
      expect(replicas[name].organization('nowhere').dump().roles.size).toBe(0);
    }
    expect(replicas.eu.organization('europe').dump()).toEqual(primary.organization('europe').dump());
  });

  test('one that is down changes nothing for the others, and catches up when it is back', async () => {
    world.start();
    for (const pair of ['eu/everywhere', 'us/everywhere', 'ap/everywhere', 'eu/europe']) await world.untilInSync(pair);
    const before = replicas.us.organization('everywhere').dump();

    replicas.us.faults.when({ path: /./ }, { kind: 'drop-request' });
    primary.organization('everywhere').putRole('role1', roleText('role1', 'changed'));
    primary.organization('europe').deleteRole('role2');
    for (const pair of ['eu/everywhere', 'ap/everywhere', 'eu/europe']) await world.untilInSync(pair);
    await world.until('the pair of the server that is down says so', ({ condition }) => condition === 'waiting', {
      pair: 'us/everywhere',
    });

    expect((await world.status('us/everywhere')).text).toMatch(/^waiting for replica \(The replica cannot be reached /);
    for (const name of ['eu', 'ap'] as const) {
      expect(replicas[name].organization('everywhere').dump()).toEqual(primary.organization('everywhere').dump());
    }
    expect(replicas.eu.organization('europe').dump()).toEqual(primary.organization('europe').dump());
    expect(replicas.us.organization('everywhere').dump()).toEqual(before);

    replicas.us.faults.clear();
    await world.untilInSync('us/everywhere');
    expect(replicas.us.organization('everywhere').dump()).toEqual(primary.organization('everywhere').dump());
  });
});
