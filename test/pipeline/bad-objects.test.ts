import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OrganizationHandle } from '../../lib/local/sandbox-chef-server/organization-handle.ts';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { emptyList } from '../support/fault-answers.ts';
import { leapingClock } from './leaping-clock.ts';
import { createPairWorld, type PairWorld } from './pair-world.ts';
import { cookbookContent, environmentText, itemText, roleText } from './sample-organization.ts';

describe.each([true, false])('what a primary may hold or say (feed: %s)', (feed) => {
  const clock = leapingClock();
  let primary: FakeChefServer;
  let replica: FakeChefServer;
  let source: OrganizationHandle;
  let copy: OrganizationHandle;
  let world: PairWorld;

  beforeEach(async () => {
    [primary, replica] = await Promise.all([
      startFakeChefServer({ feed, now: clock.now, maxJsonBytes: 10_000_000 }),
      startFakeChefServer({ now: clock.now }),
    ]);
    source = primary.organization('acme');
    copy = replica.organization('acme');
    for (const n of [1, 2, 3, 4, 5, 6]) source.putRole(`role${n}`, roleText(`role${n}`, 'as it is'));
    for (const n of [1, 2]) source.putEnvironment(`env${n}`, environmentText(`env${n}`, 'as it is'));
    source.putItem('apps', 'one', itemText('one', 'as it is'));
    source.putItem('apps', 'two', itemText('two', 'as it is'));
    source.putCookbook('base', '1.0.0', cookbookContent('base', '1.0.0', 'as it is'));
    source.putCookbook('base', '2.0.0', cookbookContent('base', '2.0.0', 'another one'));
    world = createPairWorld({
      primary,
      replicas: { eu: replica },
      organizations: [{ source: 'acme', replica: 'eu' }],
      defaults: { pollSeconds: 10 },
      clock,
    });
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await Promise.all([primary.stop(), replica.stop()]);
  });

  const deletes = (): readonly string[] =>
    replica.requests.entries.filter(({ method }) => method === 'DELETE').map(({ path }) => path);

  /** The replica must hold all of the primary except this object. */
  function expectAllBut(path: ObjectPath): void {
    const [wanted, found] = [source.dump(), copy.dump()];
    const [, list, name = '', item = ''] = path.split('/');
    const but = <V>(map: ReadonlyMap<string, V>, kind: string): Map<string, V> =>
      new Map([...map].filter(([key]) => list !== kind || key !== (kind === 'cookbooks' ? `${name}/${item}` : name)));
    expect(found.roles).toEqual(but(wanted.roles, 'roles'));
    expect(found.environments).toEqual(but(wanted.environments, 'environments'));
    expect(found.cookbooks).toEqual(but(wanted.cookbooks, 'cookbooks'));
    const items = new Map(
      [...wanted.dataBags].map(([bag, all]) => [
        bag,
        new Map([...all].filter(([id]) => list !== 'data' || bag !== name || id !== item)),
      ]),
    );
    expect(found.dataBags).toEqual(items);
  }

  /** An object keeps those of later stages waiting until it has failed three times. */
  async function onceMoreUntilOthersMayPass(): Promise<void> {
    for (let failures = 0; failures < 3; failures += 1) {
      await world.once();
      await clock.sleep(4 * 60_000);
    }
    await world.once();
  }

  const lastError = async (path: ObjectPath): Promise<string> =>
    (await world.pair().ctx.ledger.read(path))?.lastError?.text ?? 'no error';

  test('an object that the primary never shows, and a search that is out of order, keep neither deletes nor other objects waiting', async () => {
    await world.once();
    const failure = { kind: 'answer', status: 500, body: '{"error":["internal service error"]}' } as const;
    primary.faults.when({ method: 'GET', path: /roles\/role3$/ }, failure);
    primary.faults.when({ path: /\/search\// }, failure);
    source.deleteRole('role2');
    source.putRole('role4', roleText('role4', 'changed beside an object that cannot be read'));
    for (let passes = 0; passes < 4; passes += 1) {
      await clock.sleep(60_000);
      await world.once();
    }

    expect([...copy.dump().roles.keys()]).not.toContain('role2');
    expect([...copy.dump().roles.keys()]).toContain('role3');
    expect(copy.dump().roles.get('role4')).toEqual(source.dump().roles.get('role4'));
    expect((await world.status()).text).toMatch(/waiting for primary .*\/roles.*internal service error/);
  });

  test('an item of 3 MB: it alone is not copied, and says why', async () => {
    source.putItem('apps', 'large', JSON.stringify({ id: 'large', text: 'x'.repeat(3_000_000) }));
    await world.once();

    expectAllBut('/data/apps/large');
    expect(await lastError('/data/apps/large')).toMatch(
      /^The replica takes no object of this size .*413 JSON must be no more than 2000000 bytes.*max_request_size[^\n]*\.$/,
    );
    expect((await world.status()).text).toBe('unsynced 1');
  });

  test('a role that is not valid UTF-8: it alone is not copied, and says why', async () => {
    primary.faults.when({ method: 'GET', path: /\/roles\/role2$/ }, { kind: 'invalid-utf8' });
    await world.once();

    expectAllBut('/roles/role2');
    expect(await lastError('/roles/role2')).toMatch(
      /^The primary has an object that cannot be carried .*UTF-8[^\n]*\.$/,
    );
    expect((await world.status()).text).toBe('unsynced 1');

    primary.faults.clear();
    source.putRole('role2', roleText('role2', 'saved again'));
    await world.once();
    await clock.sleep(86_400_000);
    await world.once();
    expect((await world.status()).text).toBe('in sync');
    expect(copy.dump()).toEqual(source.dump());
  });

  test('a cookbook whose file the primary has lost: it alone is not copied, names the file, and arrives when it is uploaded again', async () => {
    const lost = createHash('md5').update('# another one\n').digest('hex');
    source.loseFile(lost);
    await onceMoreUntilOthersMayPass();

    expectAllBut('/cookbooks/base/2.0.0');
    expect(await lastError('/cookbooks/base/2.0.0')).toMatch(
      /^The primary .*recipes\/install\.rb: the file is lost on the primary; upload the cookbook there again[^\n]*\.$/,
    );
    expect((await world.status()).condition).not.toBe('in sync');

    source.putCookbook('base', '2.0.0', cookbookContent('base', '2.0.0', 'another one'));
    await clock.sleep(3_600_000);
    await world.once();
    expect((await world.status()).text).toBe('in sync');
    expect(copy.dump()).toEqual(source.dump());
  });

  test('names that no request can carry: they are told, never asked for, and everything else is copied', async () => {
    const names = ['.', '..', 'a/b', '../../../organizations', ...source.dump().roles.keys()];
    const list = JSON.stringify(Object.fromEntries(names.map((name) => [name, `${primary.url}/roles/${name}`])));
    primary.faults.when({ method: 'GET', path: /\/roles$/ }, { kind: 'answer', status: 200, body: list });
    const expected = source.dump();
    source.putRole('..', roleText('..', 'only in the feed'));
    source.deleteRole('..');
    await world.once();

    expect(copy.dump()).toEqual(expected);
    expect((await world.status()).unknownPaths).toEqual(
      expect.arrayContaining(['/roles/.', '/roles/..', '/roles/a/b', '/roles/../../../organizations']),
    );
    const asked = [...primary.requests.entries, ...replica.requests.entries].map(({ path }) => path);
    expect(asked.filter((path) => /\/\.\.?(\/|$|\?)|roles\/a\//.test(decodeURIComponent(path)))).toEqual([]);
    expect(deletes()).toEqual([]);
  });

  test('names that no request can carry are told of no longer when the primary has lost them, with their bag too', async () => {
    const listed = (path: RegExp, ...names: readonly string[]): void => {
      const body = JSON.stringify(Object.fromEntries(names.map((name) => [name, `${primary.url}/${name}`])));
      primary.faults.when({ method: 'GET', path }, { kind: 'answer', status: 200, body });
    };
    listed(/\/roles$/, '.', '..', ...source.dump().roles.keys());
    listed(/\/data\/apps$/, '..', 'one', 'two');
    listed(/\/data\/passing$/, '..');
    listed(/\/data$/, 'apps', 'passing');
    source.createDataBag('passing');
    await world.once();
    expect((await world.status()).unknownPaths.toSorted()).toEqual([
      '/data/apps/..',
      '/data/passing/..',
      '/roles/.',
      '/roles/..',
    ]);

    primary.faults.clear();
    listed(/\/data\/apps$/, '..', 'one', 'two');
    source.deleteDataBag('passing');
    await clock.sleep(60_000);
    await world.once();

    expect((await world.status()).unknownPaths).toEqual(['/data/apps/..']);
  });

  test('a list that lies empty deletes nothing', async () => {
    await world.once();
    const before = copy.dump();
    for (const list of ['roles', 'environments', 'data', 'data/apps', 'cookbooks']) {
      primary.faults.when({ method: 'GET', path: new RegExp(`/${list}(\\?|$)`) }, emptyList);
    }
    for (let poll = 0; poll < 4; poll += 1) {
      await world.once();
      await clock.sleep(60_000);
    }
    expect(deletes()).toEqual([]);
    expect(copy.dump()).toEqual(before);
    const { condition } = await world.status();
    expect(condition).not.toBe('in sync');

    primary.faults.clear();
    await clock.sleep(3_600_000);
    await world.once();
    expect((await world.status()).text).toBe('in sync');
    expect(deletes()).toEqual([]);
  });

  test('an empty organization in the place of the old one: every delete is held until somebody approves it', async () => {
    await world.once();
    const before = copy.dump();
    primary.replaceOrganization('acme').putRole('fresh', roleText('fresh', 'of the new organization'));
    for (let poll = 0; poll < 3; poll += 1) {
      await clock.sleep(60_000);
      await world.once();
    }
    expect(deletes()).toEqual([]);
    expect(copy.dump()).toEqual({ ...before, roles: new Map([...before.roles, ...source.dump().roles]) });
    const { text, plans } = await world.status();
    expect(text).toMatch(/^deletes held 13/);
    expect(plans.map(({ reason }) => reason)).toContain(
      'the primary organization was replaced by another one of the same name, so what it lacks may never have been deleted',
    );
  });

  test('another organization in the place of the replica: everything is compared again, and nothing of its own is deleted', async () => {
    await world.once();
    replica.replaceOrganization('acme');
    copy.putRole('role1', roleText('role1', 'of the new organization'));
    copy.putRole('own', roleText('own', 'of the new organization'));
    await world.once();

    expect((await world.status()).text).toBe('in sync');
    const own = copy.dump().roles.get('own') ?? '';
    expect(copy.dump()).toEqual({ ...source.dump(), roles: new Map([...source.dump().roles, ['own', own]]) });
    expect(deletes()).toEqual([]);
  });
});
