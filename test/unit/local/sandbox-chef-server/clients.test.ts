import { describe, expect, it } from 'vitest';
import { privateKeyOf, type ServerOfPeople, startServerOfPeople } from './people.ts';

const clients = '/organizations/acme/clients';

async function addClient(server: ServerOfPeople, name: string, apiVersion = '2') {
  const body = apiVersion === '0' ? { name } : { name, create_key: true };
  return server.as('sync')('POST', clients, body, { apiVersion });
}

async function keysOf(server: ServerOfPeople, name: string): Promise<unknown> {
  return (await server.as('sync')('GET', `${clients}/${name}/keys`)).json;
}

describe('clients', () => {
  it('sign with the key they were made with, and read but do not write', async () => {
    await using server = await startServerOfPeople();
    const made = await addClient(server, 'node1');
    const node = server.as('node1', privateKeyOf(made));

    const read = await node('GET', '/organizations/acme/roles');
    const write = await node('POST', '/organizations/acme/roles', { name: 'web' });

    expect(made.json).toMatchObject({
      uri: `${server.url}${clients}/node1`,
      chef_key: { name: 'default', uri: `${server.url}${clients}/node1/keys/default` },
    });
    expect(read.status).toBe(200);
    expect([write.status, write.json]).toEqual([403, { error: ['missing create permission'] }]);
    expect((await addClient(server, 'node1')).json).toEqual({ error: ['Client already exists'] });
  });

  it('under version 0 come with their private key in the answer, and show their public one', async () => {
    await using server = await startServerOfPeople();
    const made = await addClient(server, 'node1', '0');

    expect(made.json).toMatchObject({ private_key: expect.stringContaining('PRIVATE KEY') });
    const shown = async (apiVersion: string) =>
      (await server.as('sync')('GET', `${clients}/node1`, undefined, { apiVersion })).json;
    expect(await shown('0')).toMatchObject({ public_key: expect.stringContaining('PUBLIC KEY') });
    expect(await shown('2')).toEqual({
      name: 'node1',
      clientname: 'node1',
      validator: false,
      orgname: 'acme',
      json_class: 'Chef::ApiClient',
      chef_type: 'client',
    });
  });

  it('are read and removed by every member, but changed by admins and themselves alone', async () => {
    await using server = await startServerOfPeople();
    server.addUser('ann', { rights: 'member' });
    const node = server.as('node1', privateKeyOf(await addClient(server, 'node1')));
    const other = server.as('node2', privateKeyOf(await addClient(server, 'node2')));
    const put = { name: 'node1', validator: false };
    const path = `${clients}/node1`;

    const statuses = [];
    for (const caller of [server.as('ann'), other, node, server.as('sync')]) {
      statuses.push([(await caller('GET', path)).status, (await caller('PUT', path, put)).status]);
    }

    expect(statuses).toEqual([
      [200, 403],
      [403, 403],
      [200, 200],
      [200, 200],
    ]);
    expect((await server.as('ann')('DELETE', path)).status).toBe(200);
  });

  it('take no key in a PUT under API versions 1 and 2', async () => {
    await using server = await startServerOfPeople();
    await addClient(server, 'node1');

    for (const apiVersion of ['1', '2']) {
      const body = { name: 'node1', public_key: 'x' };
      const refused = await server.as('sync')('PUT', `${clients}/node1`, body, { apiVersion });
      expect(refused.status).toBe(400);
    }
  });

  it('lose the key default when a PUT renames them or makes them a validator, and keep their others', async () => {
    await using server = await startServerOfPeople();
    const sync = server.as('sync');
    await addClient(server, 'node1');
    await sync('POST', `${clients}/node1/keys`, { name: 'other', create_key: true, expiration_date: 'infinity' });

    await sync('PUT', `${clients}/node1`, { name: 'node1', validator: false });
    expect(await keysOf(server, 'node1')).toMatchObject([{ name: 'default' }, { name: 'other' }]);
    await sync('PUT', `${clients}/node1`, { name: 'node1', validator: true });
    expect(await keysOf(server, 'node1')).toMatchObject([{ name: 'other' }]);

    await addClient(server, 'node2');
    const renamed = await sync('PUT', `${clients}/node2`, { name: 'node3' }, { apiVersion: '1' });
    expect([renamed.status, renamed.headers.get('location')]).toEqual([201, `${server.url}${clients}/node3`]);
    expect(await keysOf(server, 'node3')).toEqual([]);
  });

  it('that version 0 made get their first key back when a later PUT renames them', async () => {
    await using server = await startServerOfPeople();
    const sync = server.as('sync');
    const first = privateKeyOf(await addClient(server, 'node1', '0'));
    await sync('PUT', `${clients}/node1/keys/default`, { create_key: true });
    expect((await server.as('node1', first)('GET', '/organizations/acme/roles')).status).toBe(401);

    await sync('PUT', `${clients}/node1`, { name: 'node2' });

    expect((await server.as('node2', first)('GET', '/organizations/acme/roles')).status).toBe(200);
  });

  it('are removed with their membership, and cannot sign any more', async () => {
    await using server = await startServerOfPeople();
    const key = privateKeyOf(await addClient(server, 'node1'));

    await server.as('sync')('DELETE', `${clients}/node1`);

    expect((await server.as('node1', key)('GET', '/organizations/acme/roles')).status).toBe(401);
    expect((await server.as('sync')('GET', '/organizations/acme/groups/clients')).json).toMatchObject({
      clients: ['acme-validator'],
    });
    expect((await server.as('sync')('GET', `${clients}/node1`)).json).toEqual({ error: ['Cannot load client node1'] });
  });

  it('are principals beside users of the same name, of whom version 0 shows one', async () => {
    await using server = await startServerOfPeople();
    await addClient(server, 'node1');
    await addClient(server, 'sync');
    const principals = async (name: string, apiVersion: string) =>
      await server.as('sync')('GET', `/organizations/acme/principals/${name}`, undefined, { apiVersion });
    const client = {
      name: 'node1',
      type: 'client',
      authz_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      org_member: true,
    };

    expect((await principals('node1', '0')).json).toMatchObject(client);
    expect((await principals('node1', '2')).json).toMatchObject({ principals: [client] });
    expect((await principals('sync', '2')).json).toMatchObject({ principals: [{ type: 'client' }, { type: 'user' }] });
    expect((await principals('nobody', '2')).status).toBe(404);
  });
});
