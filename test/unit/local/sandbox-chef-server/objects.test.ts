import { describe, expect, it } from 'vitest';
import { startFakeChefServer } from '../../../support/fake-chef-server.ts';
import { send } from './signed-request.ts';

const acme = '/organizations/acme';

describe('roles', () => {
  it('are completed and their run lists normalised', async () => {
    await using server = await startFakeChefServer();

    const body = { name: 'web', run_list: ['apt', 'recipe[apt]', 'role[base]', 'x::y@1.0.0'] };
    await send(server, 'POST', `${acme}/roles`, { body });

    expect(server.organization('acme').dump().roles.get('web')).toBe(
      '{"name":"web","run_list":["recipe[apt]","role[base]","recipe[x::y@1.0.0]"],"json_class":"Chef::Role","chef_type":"role","default_attributes":{},"override_attributes":{},"env_run_lists":{}}',
    );
  });

  it('are never created by PUT, nor renamed', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putRole('web', {});

    const missing = await send(server, 'PUT', `${acme}/roles/db`, { body: { name: 'db' } });
    const renamed = await send(server, 'PUT', `${acme}/roles/web`, { body: { name: 'db' } });
    const unknownKey = await send(server, 'PUT', `${acme}/roles/web`, { body: { name: 'web', color: 'red' } });
    const duplicate = await send(server, 'POST', `${acme}/roles`, { body: { name: 'web' } });

    expect([missing.status, renamed.status, duplicate.status]).toEqual([404, 400, 409]);
    expect(unknownKey.json).toEqual({ error: ['Invalid key color in request body'] });
    expect([...server.organization('acme').dump().roles.keys()]).toEqual(['web']);
  });
});

describe('environments', () => {
  it('are renamed by PUT, all but _default', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putEnvironment('prod', {});

    const renamed = await send(server, 'PUT', `${acme}/environments/prod`, { body: { name: 'live' } });
    const refused = await send(server, 'DELETE', `${acme}/environments/_default`);

    expect([renamed.status, refused.status]).toEqual([201, 405]);
    expect([...server.organization('acme').dump().environments.keys()]).toEqual(['_default', 'live']);
  });
});

describe('data bag items', () => {
  it('are stored raw, however they were sent, with numbers as the server writes them', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').createDataBag('users');

    const raw = await send(server, 'POST', `${acme}/data/users`, {
      body: '{"id":"a","n":1.10,"big":12345678901234567890}',
    });
    await send(server, 'POST', `${acme}/data/users`, {
      body: { json_class: 'Chef::DataBagItem', raw_data: { id: 'b', raw_data: 1 } },
    });
    const item = await send(server, 'GET', `${acme}/data/users/a`);

    expect(raw.text).toBe(
      '{"id":"a","n":1.1,"big":12345678901234567890,"chef_type":"data_bag_item","data_bag":"users"}',
    );
    expect(item.text).toBe('{"id":"a","n":1.1,"big":12345678901234567890}');
    expect(server.organization('acme').dump().dataBags.get('users')?.get('b')).toBe('{"id":"b","raw_data":1}');
  });

  it('get their id from the URL, and no other', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putItem('users', 'a', {});

    const withoutId = await send(server, 'PUT', `${acme}/data/users/a`, { body: { x: 1 } });
    const otherId = await send(server, 'PUT', `${acme}/data/users/a`, { body: { id: 'b' } });
    const missing = await send(server, 'PUT', `${acme}/data/users/b`, { body: { id: 'b' } });

    expect(withoutId.status).toBe(200);
    expect([otherId.status, otherId.json]).toEqual([400, { error: ['DataBagItem name mismatch.'] }]);
    expect([missing.status, missing.json]).toEqual([
      404,
      { error: ['Cannot load data bag item b for data bag users'] },
    ]);
    expect(server.organization('acme').dump().dataBags.get('users')?.get('a')).toBe('{"x":1,"id":"a"}');
  });

  it('go with their bag', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putItem('users', 'a', {});

    await send(server, 'DELETE', `${acme}/data/users`);

    expect((await send(server, 'GET', `${acme}/data/users`)).json).toEqual({ error: ['Cannot load data bag users'] });
    expect(server.organization('acme').dump().dataBags.size).toBe(0);
  });

  it('above the size limit are refused, one byte below they are taken', async () => {
    await using server = await startFakeChefServer({ maxJsonBytes: 100 });
    server.organization('acme').createDataBag('users');
    const body = (bytes: number) => `{"id":"a","x":"${'y'.repeat(bytes - 17)}"}`;

    const tooLarge = await send(server, 'POST', `${acme}/data/users`, { body: body(101) });
    const largest = await send(server, 'POST', `${acme}/data/users`, { body: body(100) });

    expect([tooLarge.status, tooLarge.text]).toEqual([413, '{"error":"JSON must be no more than 100 bytes."}']);
    expect(largest.status).toBe(201);
  });
});

describe('a server without organizations', () => {
  it('answers below its root, and not below /organizations', async () => {
    await using server = await startFakeChefServer({ withoutOrganizations: true });
    server.organization().putRole('web', {});

    expect((await send(server, 'GET', '/roles')).json).toEqual({ web: `${server.url}/roles/web` });
    expect((await send(server, 'GET', '/organizations/default/roles')).status).toBe(404);
  });
});
