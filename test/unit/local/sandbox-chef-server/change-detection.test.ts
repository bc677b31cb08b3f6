import { describe, expect, it } from 'vitest';
import { startFakeChefServer } from '../../../support/fake-chef-server.ts';
import { send } from './signed-request.ts';

const acme = '/organizations/acme';

describe('search', () => {
  it('shows new objects late, dropped ones not at all, and bodies as they are now', async () => {
    const startMs = Date.now();
    let nowMs = startMs;
    await using server = await startFakeChefServer({ searchIndexDelayMs: 10_000, now: () => nowMs });
    const organization = server.organization('acme');
    organization.putItem('users', 'a', { n: 1 });
    organization.putItem('users', 'b', { n: 1 });
    nowMs = startMs + 10_000;
    organization.putItem('users', 'a', { n: 2 });
    organization.deleteItem('users', 'b');
    organization.putItem('users', 'c', { n: 1 });

    const answer = await send(server, 'GET', `${acme}/search/users?q=*:*&start=0&rows=1000`);

    expect(answer.json).toEqual({
      total: 2,
      start: 0,
      rows: [
        {
          name: 'data_bag_item_users_a',
          json_class: 'Chef::DataBagItem',
          chef_type: 'data_bag_item',
          data_bag: 'users',
          raw_data: { id: 'a', n: 2 },
        },
      ],
    });
  });

  it('pages, stands still when frozen, and knows no missing bag', async () => {
    await using server = await startFakeChefServer();
    for (const name of ['a', 'b', 'c']) server.organization('acme').putRole(name, {});

    const page = await send(server, 'GET', `${acme}/search/role?q=*:*&start=1&rows=1`);
    server.faults.isSearchIndexFrozen = true;
    server.organization('acme').putRole('d', {});
    const frozen = await send(server, 'GET', `${acme}/search/role`);
    const missing = await send(server, 'GET', `${acme}/search/none`);

    expect(page.json).toMatchObject({ total: 3, start: 1, rows: [{ name: 'b' }] });
    expect(frozen.json).toMatchObject({ total: 3 });
    expect(missing.status).toBe(404);
  });
});

describe('updated_since', () => {
  it('tells every write in order, above the given id', async () => {
    await using server = await startFakeChefServer({ feed: true });
    const organization = server.organization('acme');
    organization.putRole('web', {});
    organization.putItem('users', 'a', {});
    organization.putCookbook('apt', '1.0.0', { files: {} });
    await send(server, 'DELETE', `${acme}/roles/web`);

    const events = await send(server, 'GET', `${acme}/updated_since?seq=1`);

    expect(events.json).toEqual([
      { action: 'create', id: 2, path: '/data/users' },
      { action: 'create', id: 3, path: '/data/users/a' },
      { action: 'create', id: 4, path: '/cookbooks/apt/1.0.0' },
      { action: 'delete', id: 5, path: '/roles/web' },
    ]);
  });

  it('commits ids late, resets, writes ids beyond 2^53 and the organization in front, on command', async () => {
    await using server = await startFakeChefServer({ feed: true });
    const organization = server.organization('acme');
    const { feed } = organization;
    const read = async () => (await send(server, 'GET', `${acme}/updated_since?seq=0`)).text;

    feed.holdsNewEvents = true;
    organization.putRole('late', {});
    feed.holdsNewEvents = false;
    organization.putRole('web', {});
    expect(await read()).toBe('[{"action":"create","id":2,"path":"/roles/web"}]');
    feed.commitLate();
    expect(await read()).toContain('[{"action":"create","id":1,"path":"/roles/late"},');

    feed.reset(9007199254740993n);
    feed.hasOrganizationPrefix = true;
    organization.deleteRole('web');
    expect(await read()).toBe('[{"action":"delete","id":9007199254740993,"path":"/organizations/acme/roles/web"}]');
  });
});

describe('replaced and restored organizations', () => {
  it('keep the guid when restored from a backup, and get a new one when made anew', async () => {
    await using server = await startFakeChefServer({ feed: true });
    const organization = server.organization('acme');
    organization.putCookbook('apt', '1.0.0', { files: { 'recipes/default.rb': 'old' } });
    const { guid } = organization;
    const backup = organization.snapshot();
    const before = organization.dump();
    organization.deleteCookbook('apt', '1.0.0');
    organization.putRole('web', {});

    server.restoreOrganization('acme', backup);
    expect(organization.guid).toBe(guid);
    expect(organization.dump()).toEqual(before);
    expect(organization.feed.since(0n)).toHaveLength(1);

    server.replaceOrganization('acme');
    expect((await send(server, 'GET', acme)).json).toEqual({
      name: 'acme',
      full_name: 'acme',
      guid: organization.guid,
    });
    expect(organization.guid).not.toBe(guid);
    expect(organization.dump().cookbooks.size).toBe(0);
  });
});
