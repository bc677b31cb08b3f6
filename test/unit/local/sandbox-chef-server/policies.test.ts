import { describe, expect, it } from 'vitest';
import { type FakeChefServer, startFakeChefServer } from '../../../support/fake-chef-server.ts';
import { send } from './signed-request.ts';

const acme = '/organizations/acme';
const revision = (name: string, revision_id: string, more: object = {}) => ({
  name,
  revision_id,
  run_list: ['recipe[apt::default]'],
  cookbook_locks: { apt: { identifier: 'f1', version: '1.2.3' } },
  ...more,
});
const post = (server: FakeChefServer, name: string, body: object) =>
  send(server, 'POST', `${acme}/policies/${name}/revisions`, { body });
const assign = (server: FakeChefServer, group: string, name: string, body: object) =>
  send(server, 'PUT', `${acme}/policy_groups/${group}/policies/${name}`, { body });
const get = async (server: FakeChefServer, path: string) => (await send(server, 'GET', `${acme}/${path}`)).json;

describe('policies', () => {
  it('are listed with all their revisions, and by themselves without a URL', async () => {
    await using server = await startFakeChefServer();

    const posted = await post(server, 'web', revision('web', 'r1', { anything: 'kept' }));
    await post(server, 'web', revision('web', 'r2'));

    expect([posted.status, posted.json]).toEqual([201, revision('web', 'r1', { anything: 'kept' })]);
    expect(await get(server, 'policies')).toEqual({
      web: { uri: `${server.url}${acme}/policies/web`, revisions: { r1: {}, r2: {} } },
    });
    expect(await get(server, 'policies/web')).toEqual({ revisions: { r1: {}, r2: {} } });
  });

  it('are immutable: a revision posted again is a 409 with an array of character codes', async () => {
    await using server = await startFakeChefServer();
    await post(server, 'web', revision('web', 'r1'));

    const again = await post(server, 'web', revision('web', 'r1', { other: true }));

    expect(again.status).toBe(409);
    expect(again.text).toMatch(/^\[80,111,108,/);
    expect(await get(server, 'policies/web/revisions/r1')).not.toHaveProperty('other');
  });

  it('echo a known revision put into a group with other content, and do not store it', async () => {
    await using server = await startFakeChefServer();
    await assign(server, 'prod', 'web', revision('web', 'r1'));

    const other = revision('web', 'r1', { other: true });
    const echoed = [await assign(server, 'prod', 'web', other), await assign(server, 'test', 'web', other)];

    expect(echoed.map(({ status, json }) => [status, json])).toEqual([
      [200, other],
      [201, other],
    ]);
    expect(await get(server, 'policies/web/revisions/r1')).not.toHaveProperty('other');
    expect(await get(server, 'policy_groups/test/policies/web')).toEqual(revision('web', 'r1'));
  });

  it('name the groups that hold a revision, those of other organizations of the server as well', async () => {
    await using server = await startFakeChefServer({ organizations: ['acme', 'other'] });
    server.organization('other').putPolicyGroup('live', { web: 'r1' });
    for (const group of ['prod', 'test']) await assign(server, group, 'web', revision('web', 'r1'));

    expect(await get(server, 'policies/web/revisions/r1')).toEqual({
      ...revision('web', 'r1'),
      policy_group_list: ['prod', 'test', 'live'],
    });
    await post(server, 'web', revision('web', 'r2'));
    expect(await get(server, 'policies/web/revisions/r2')).toMatchObject({ policy_group_list: [] });
  });

  it('that are missing are a page in HTML under the headers of the API, a missing group is JSON', async () => {
    await using server = await startFakeChefServer();

    for (const path of ['policies/none', 'policies/none/revisions/r1']) {
      const missing = await send(server, 'GET', `${acme}/${path}`);
      expect([missing.status, missing.headers.get('content-type')]).toEqual([404, 'text/html']);
      expect(missing.headers.has('x-ops-server-api-version')).toBe(true);
      expect(missing.json).toBeUndefined();
    }
    const group = await send(server, 'GET', `${acme}/policy_groups/none`);
    const assignment = await send(server, 'GET', `${acme}/policy_groups/none/policies/web`);
    expect([group.status, group.json]).toEqual([404, { error: ["policy_group 'none' not found"] }]);
    expect([assignment.status, assignment.json]).toEqual([
      404,
      { error: ['Cannot load policy web in policy group none'] },
    ]);
  });

  it('that are in use are deleted with 200, and vanish from their groups', async () => {
    await using server = await startFakeChefServer();
    await assign(server, 'prod', 'web', revision('web', 'r1'));
    await assign(server, 'prod', 'db', revision('db', 'r1'));

    const removed = await send(server, 'DELETE', `${acme}/policies/web`);

    expect([removed.status, removed.json]).toEqual([200, { revisions: { r1: {} } }]);
    expect(server.organization('acme').dump().policyGroups).toEqual(new Map([['prod', new Map([['db', 'r1']])]]));
    expect((await send(server, 'GET', `${acme}/policies/web`)).status).toBe(404);
  });

  it('that a test puts are found over HTTP, and a known revision stays as it is there too', async () => {
    await using server = await startFakeChefServer();
    const organization = server.organization('acme');
    organization.putPolicyRevision('web', 'r1', { default_attributes: { port: 80 } });
    organization.putPolicyRevision('web', 'r1', { default_attributes: { port: 81 } });
    organization.putPolicyGroup('prod', { web: 'r1' });

    expect(await get(server, 'policy_groups/prod/policies/web')).toEqual({
      default_attributes: { port: 80 },
      name: 'web',
      revision_id: 'r1',
      run_list: [],
      cookbook_locks: {},
    });
    organization.deletePolicyRevision('web', 'r1');
    organization.deletePolicyGroup('prod');
    expect([await get(server, 'policies'), await get(server, 'policy_groups')]).toEqual([{}, {}]);
  });

  it('stay without their last revision: unlisted, but there', async () => {
    await using server = await startFakeChefServer();
    await assign(server, 'prod', 'web', revision('web', 'r1'));

    const removed = await send(server, 'DELETE', `${acme}/policies/web/revisions/r1`);

    expect([removed.status, removed.json]).toEqual([200, revision('web', 'r1')]);
    expect(await get(server, 'policies')).toEqual({});
    expect(await get(server, 'policies/web')).toEqual({});
    expect(await get(server, 'policy_groups')).toEqual({ prod: { uri: `${server.url}${acme}/policy_groups/prod` } });
  });

  it.each([
    [{ name: 'db' }, "Field 'name' invalid : db does not match web"],
    [{ revision_id: 'a b' }, "Field 'revision_id' invalid"],
    [{ run_list: ['recipe[apt]'] }, "Field 'run_list' is not a valid run list"],
    [{ run_list: undefined }, "Field 'run_list' missing"],
    [{ cookbook_locks: undefined }, "Field 'cookbook_locks' missing"],
    [{ cookbook_locks: { apt: { version: '1.0.0' } } }, "Field 'identifier' missing"],
    [{ cookbook_locks: { apt: { identifier: 'f1', version: 'x' } } }, "Field 'version' is not a valid version"],
  ])('are refused with %j', async (wrong, text) => {
    await using server = await startFakeChefServer();

    for (const write of [post, (...[one, name, body]: Parameters<typeof post>) => assign(one, 'prod', name, body)]) {
      const answer = await write(server, 'web', revision('web', 'r1', wrong));
      expect([answer.status, answer.json]).toEqual([400, { error: [text] }]);
    }
    expect(server.organization('acme').dump()).toMatchObject({ policyRevisions: new Map(), policyGroups: new Map() });
  });
});

describe('policy groups', () => {
  it('come into being with their first policy, show what they hold, and stay when they are empty', async () => {
    await using server = await startFakeChefServer();
    const uri = `${server.url}${acme}/policy_groups/prod`;

    const created = await assign(server, 'prod', 'web', revision('web', 'r1'));
    const changed = await assign(server, 'prod', 'web', revision('web', 'r2'));

    expect([created.status, changed.status]).toEqual([201, 200]);
    const policies = { web: { revision_id: 'r2' } };
    expect(await get(server, 'policy_groups')).toEqual({ prod: { uri, policies } });
    expect(await get(server, 'policy_groups/prod')).toEqual({ uri, policies });

    const removed = await send(server, 'DELETE', `${acme}/policy_groups/prod/policies/web`);
    expect([removed.status, removed.json]).toEqual([200, revision('web', 'r2')]);
    expect(await get(server, 'policy_groups')).toEqual({ prod: { uri } });
    expect(await get(server, 'policy_groups/prod')).toEqual({ uri, policies: {} });
  });

  it('go without their policies', async () => {
    await using server = await startFakeChefServer();
    await assign(server, 'prod', 'web', revision('web', 'r1'));

    await send(server, 'DELETE', `${acme}/policy_groups/prod`);

    expect(await get(server, 'policy_groups')).toEqual({});
    expect(await get(server, 'policies/web')).toEqual({ revisions: { r1: {} } });
  });

  it('that are new lose a race: two policies at once, one 500, whose policy stays without a revision', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });
    const names = ['web', 'db'];

    const both = await Promise.all(names.map((name) => assign(server, 'prod', name, revision(name, 'r1'))));
    const loser = both[0]?.status === 500 ? 'web' : 'db';

    expect(both.map(({ status }) => status).sort()).toEqual([201, 500]);
    expect(await get(server, `policies/${loser}`)).toEqual({});
    expect((await assign(server, 'prod', loser, revision(loser, 'r1'))).status).toBe(201);
    expect([...(server.organization('acme').dump().policyGroups.get('prod')?.keys() ?? [])].sort()).toEqual([
      'db',
      'web',
    ]);
  });

  it('lose a race for one new policy: two groups at once, one 500 and its group not made', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });

    const both = await Promise.all(
      ['prod', 'test'].map((group) => assign(server, group, 'web', revision('web', 'r1'))),
    );

    expect(both.map(({ status }) => status).sort()).toEqual([201, 500]);
    expect(server.organization('acme').dump().policyGroups.size).toBe(1);
  });

  it('are left empty when the race is lost for the revision', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });
    await post(server, 'web', revision('web', 'r1'));

    const both = await Promise.all(
      ['prod', 'test'].map((group) => assign(server, group, 'web', revision('web', 'r2'))),
    );

    expect(both.map(({ status }) => status).sort()).toEqual([201, 500]);
    expect([...server.organization('acme').dump().policyGroups.values()].map(({ size }) => size).sort()).toEqual([
      0, 1,
    ]);
  });
});
