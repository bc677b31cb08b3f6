import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { htmlPage } from '../support/fault-answers.ts';
import { findFreePort } from '../support/free-port.ts';
import { leapingClock } from './leaping-clock.ts';
import { createPairWorld, type PairWorld, type WorldServer } from './pair-world.ts';
import { itemText, roleText } from './sample-organization.ts';
import { startTlsFront } from './tls-front.ts';

/** One primary, and two replicas of which one is well: whatever is wrong with the other must not concern it. */
describe('a server that cannot be used', () => {
  const clock = leapingClock();
  let primary: FakeChefServer;
  let sick: FakeChefServer;
  let well: FakeChefServer;
  let world: PairWorld | undefined;

  beforeEach(async () => {
    [primary, sick, well] = await Promise.all([
      startFakeChefServer({ now: clock.now }),
      startFakeChefServer({ now: clock.now }),
      startFakeChefServer({ now: clock.now }),
    ]);
    for (const n of [1, 2, 3]) primary.organization('acme').putRole(`role${n}`, roleText(`role${n}`, 'as it is'));
    primary.organization('acme').putItem('apps', 'one', itemText('one', 'as it is'));
  });
  afterEach(async () => {
    await world?.[Symbol.asyncDispose]();
    world = undefined;
    await Promise.all([primary, sick, well].map((server) => server.stop()));
  });

  interface Setup {
    readonly primary?: Partial<WorldServer>;
    readonly sick?: Partial<WorldServer>;
    readonly sickDestination?: string;
    readonly defaults?: Readonly<Record<string, unknown>>;
  }

  function openWorld(setup: Setup): PairWorld {
    world = createPairWorld({
      primary: { ...primary, ...setup.primary },
      replicas: { sick: { ...sick, ...setup.sick }, well },
      organizations: [
        { source: 'acme', replica: 'sick', destination: setup.sickDestination ?? 'acme' },
        { source: 'acme', replica: 'well' },
      ],
      defaults: setup.defaults,
      clock,
    });
    return world;
  }

  /** Status of the sick pair after two tries; the other pair must be in sync, and nothing may have been written or deleted. */
  async function statusOfSick(setup: Setup): Promise<string> {
    const opened = openWorld(setup);
    await opened.once();
    await clock.sleep(120_000);
    await opened.once();
    expect((await opened.status('well/acme')).text).toBe('in sync');
    expect(well.organization('acme').dump()).toEqual(primary.organization('acme').dump());
    expect(sick.requests.entries.filter(({ method }) => method !== 'GET')).toEqual([]);
    const { text } = await opened.status(`sick/${setup.sickDestination ?? 'acme'}`);
    expect(text).toMatch(/^waiting for replica \([^\n]+\)$/);
    return text;
  }

  const otherKey = (): string =>
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }).privateKey;

  test('the key is not the one that the server knows', async () => {
    expect(await statusOfSick({ sick: { keyPem: otherKey() } })).toMatch(
      /does not accept our key .*401 Invalid signature for user or client 'sync'.*: check `user` and `key` under this replica/,
    );
  });

  test('the user does not exist there', async () => {
    expect(await statusOfSick({ sick: { user: 'nobody' } })).toMatch(/does not accept our key .*nobody/);
  });

  test('nothing listens at the address', async () => {
    expect(await statusOfSick({ sick: { url: `http://127.0.0.1:${await findFreePort()}` } })).toMatch(
      /cannot be reached .*nothing listens at 127\.0\.0\.1/,
    );
  });

  test('the host has no address', async () => {
    expect(await statusOfSick({ sick: { url: 'https://chef.invalid' } })).toMatch(/cannot be reached .*chef\.invalid/);
  });

  test('the address leads to another site, which answers 200 to everything', async () => {
    sick.faults.when({ path: /./ }, htmlPage);
    expect(await statusOfSick({})).toMatch(/answers unlike a Chef server .*an HTML page.*: check that the `url`/);
  });

  test('its clock is an hour ahead', async () => {
    await using ahead = await startFakeChefServer({ now: () => clock.now() + 3_600_000 });
    expect(await statusOfSick({ sick: { url: ahead.url } })).toMatch(/clock and ours differ.*60 minutes/);
  });

  test('the organization does not exist there', async () => {
    expect(await statusOfSick({ sickDestination: 'nowhere' })).toMatch(
      /does not show the organization .*organization 'nowhere' does not exist/,
    );
  });

  test('the user does not belong to the organization', async () => {
    sick.setRights('sync', 'acme', 'not associated');
    expect(await statusOfSick({})).toMatch(/does not have our user in the organization .*prepare-org/);
  });

  test('its certificate does not verify, until its CA is named', async () => {
    await using front = await startTlsFront(sick.port);
    expect(await statusOfSick({ sick: { url: front.url } })).toMatch(
      /shows a certificate that does not verify .*: set `tls\.ca` under this replica/,
    );
    await world?.[Symbol.asyncDispose]();

    await openWorld({ sick: { url: front.url, ca: front.ca } }).once();

    expect((await world?.status('sick/acme'))?.text).toBe('in sync');
    expect(sick.organization('acme').dump()).toEqual(primary.organization('acme').dump());
  });

  test('the user may only read there: each object says so, and all arrive when the rights do', async () => {
    sick.setRights('sync', 'acme', 'reader');
    const opened = openWorld({});
    await opened.once();
    const { ctx } = opened.pair('sick/acme');

    expect((await opened.status('well/acme')).text).toBe('in sync');
    expect((await opened.status('sick/acme')).condition).not.toBe('in sync');
    expect((await ctx.ledger.read('/data/apps'))?.lastError?.text).toMatch(
      /^The replica denies our user this object .*missing create permission[^\n]*\.$/,
    );
    expect(sick.organization('acme').dump().roles.size).toBe(0);

    sick.setRights('sync', 'acme', 'admin');
    await clock.sleep(3_600_000);
    await opened.once();
    expect((await opened.status('sick/acme')).text).toBe('in sync');
  });

  test('a primary that refuses our key stops every pair, and nothing is deleted', async () => {
    const opened = openWorld({});
    await opened.once();
    const before = well.organization('acme').dump();
    await opened.stop();
    primary.addUserWithKey(
      'sync',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    );

    await opened.once();

    expect((await opened.status('well/acme')).text).toMatch(
      /^waiting for primary \(The primary does not accept our key/,
    );
    expect(well.organization('acme').dump()).toEqual(before);
  });

  describe('whose feed is not usable', () => {
    const feedOf = (path = /updated_since/) => ({ method: 'GET', path });

    test('a page instead of a feed: inventories take its place, and status says so', async () => {
      primary.faults.when(feedOf(), htmlPage);
      const opened = openWorld({});
      await opened.once();

      const { text, feed } = await opened.status('well/acme');
      expect(text).toBe('in sync');
      expect(feed).toMatchObject({ status: 'absent', note: '200 with an HTML page' });
    });

    test.each([401, 403])(
      '%i: the pair waits with the server’s words, and changes no source by itself',
      async (status) => {
        primary.faults.when(feedOf(), { kind: 'answer', status, body: '{"error":["you may not read the feed"]}' });
        const opened = openWorld({});
        await opened.once();

        expect((await opened.status('well/acme')).text).toMatch(
          new RegExp(
            `waiting for primary \\(The primary refuses to show its feed \\(${status}.*you may not read the feed.*source: inventory`,
          ),
        );
        expect(well.requests.entries.filter(({ method }) => method !== 'GET')).toEqual([]);
      },
    );

    test('a page instead of a feed that the configuration demands: the pair waits', async () => {
      primary.faults.when(feedOf(), htmlPage);
      const opened = openWorld({ defaults: { source: 'feed' } });
      await opened.once();

      expect((await opened.status('well/acme')).text).toMatch(
        /waiting for primary \(The primary has no feed .*source: auto/,
      );
    });
  });
});
