import { describe, expect, it } from 'vitest';
import { newUser, startServerOfPeople } from './people.ts';

const groups = '/organizations/acme/groups';

describe('groups', () => {
  it('are there from the start: admins, users, clients and two more', async () => {
    await using server = await startServerOfPeople();

    const { json } = await server.as('sync')('GET', groups);

    expect(json).toMatchObject({
      admins: `${server.url}${groups}/admins`,
      'billing-admins': `${server.url}${groups}/billing-admins`,
      clients: `${server.url}${groups}/clients`,
      public_key_read_access: `${server.url}${groups}/public_key_read_access`,
      users: `${server.url}${groups}/users`,
    });
    expect((await server.as('sync')('GET', `${groups}/admins`)).json).toEqual({
      actors: ['pivotal', 'sync'],
      users: ['pivotal', 'sync'],
      clients: [],
      groups: [],
      orgname: 'acme',
      name: 'admins',
      groupname: 'admins',
    });
    expect((await server.as('sync')('GET', `${groups}/clients`)).json).toMatchObject({ clients: ['acme-validator'] });
  });

  it('drop members that the server does not know, and answer 200 all the same', async () => {
    await using server = await startServerOfPeople();
    await server.pivotal('POST', '/users', newUser('ann'));
    const body = {
      groupname: 'admins',
      actors: { users: ['sync', 'ann', 'typo'], clients: ['typo'], groups: ['billing-admins', 'typo'] },
    };

    const put = await server.as('sync')('PUT', `${groups}/admins`, body);

    expect([put.status, put.json]).toEqual([200, body]);
    expect((await server.as('sync')('GET', `${groups}/admins`)).json).toMatchObject({
      users: ['ann', 'sync'],
      clients: [],
      groups: ['billing-admins'],
    });
  });

  it('keep their members when the lists are not nested in actors, or when they are made with members', async () => {
    await using server = await startServerOfPeople();
    const sync = server.as('sync');

    const flat = await sync('PUT', `${groups}/admins`, { groupname: 'admins', users: [], clients: [], groups: [] });
    const made = await sync('POST', groups, { groupname: 'ops', actors: { users: ['sync'] } });
    const again = await sync('POST', groups, { groupname: 'ops' });

    expect([flat.status, made.status, again.status]).toEqual([200, 201, 409]);
    expect((await sync('GET', `${groups}/admins`)).json).toMatchObject({ users: ['pivotal', 'sync'] });
    expect((await sync('GET', `${groups}/ops`)).json).toMatchObject({ users: [] });
    await sync('PUT', `${groups}/ops`, { groupname: 'ops', actors: { users: ['sync'] } });
    expect((await sync('GET', `${groups}/ops`)).json).toMatchObject({ users: ['sync'] });
  });

  it('give their rights to whoever is in them, through groups in groups as well', async () => {
    await using server = await startServerOfPeople();
    const sync = server.as('sync');
    server.addUser('ann', { rights: 'member' });
    const tryIt = async () => (await server.as('ann')('POST', groups, { groupname: 'mine' })).status;
    await sync('POST', groups, { groupname: 'ops' });
    await sync('PUT', `${groups}/ops`, { groupname: 'ops', actors: { users: ['ann'] } });

    const before = await tryIt();
    await sync('PUT', `${groups}/admins`, { groupname: 'admins', actors: { groups: ['ops'] } });
    const within = await tryIt();

    expect([before, within]).toEqual([403, 201]);
  });

  it('of a member of users only cannot be read, nor those that do not exist', async () => {
    await using server = await startServerOfPeople();
    server.addUser('ann', { rights: 'member' });

    const admins = await server.as('ann')('GET', `${groups}/admins`);
    const missing = await server.as('sync')('GET', `${groups}/none`);

    expect([admins.status, admins.json]).toEqual([403, { error: ['No permission for group admins'] }]);
    expect([missing.status, missing.json]).toEqual([404, { error: ['Cannot load group none'] }]);
  });

  it('stand for every member under a number, which the group users holds', async () => {
    await using server = await startServerOfPeople();
    const { json } = await server.as('sync')('GET', `${groups}/users`);

    server.addUser('sync');
    const again = (await server.as('sync')('GET', `${groups}/users`)).json;

    for (const group of [json, again])
      expect(group).toMatchObject({ users: ['pivotal'], groups: [expect.stringMatching(/^[0-9a-f]{32}$/)] });
  });
});
