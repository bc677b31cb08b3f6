import { describe, expect, it } from 'vitest';
import { newUser, privateKeyOf, startServerOfPeople } from './people.ts';

describe('organizations', () => {
  it('are made by the superuser, once, with a validator whose key works', async () => {
    await using server = await startServerOfPeople();
    const body = { name: 'new', full_name: 'New Company' };

    const refused = await server.as('sync')('POST', '/organizations', body);
    const made = await server.pivotal('POST', '/organizations', body);
    const again = await server.pivotal('POST', '/organizations', body);

    expect([refused.status, refused.json]).toEqual([403, { error: ['missing create permission'] }]);
    expect([made.status, made.json]).toEqual([
      201,
      {
        uri: `${server.url}/organizations/new`,
        clientname: 'new-validator',
        private_key: expect.stringMatching(/^-----BEGIN PRIVATE KEY/),
      },
    ]);
    expect([again.status, again.text]).toEqual([409, '{"error":"Organization already exists"}']);
    expect((await server.pivotal('GET', '/organizations/new')).json).toMatchObject({ full_name: 'New Company' });
    expect((await server.pivotal('GET', '/organizations')).json).toMatchObject({
      new: `${server.url}/organizations/new`,
    });

    const validatorKey = privateKeyOf(made);
    const node = await server.as('new-validator', validatorKey)('POST', '/organizations/new/clients', {
      name: 'node1',
      create_key: true,
    });
    expect(node.status).toBe(201);
  });

  it('that were just made have no members, not even users of other organizations', async () => {
    await using server = await startServerOfPeople();
    await server.pivotal('POST', '/organizations', { name: 'new', full_name: 'New' });

    expect((await server.pivotal('GET', '/organizations/new/users')).json).toEqual([]);
    const stranger = await server.as('sync')('GET', '/organizations/new/roles');
    expect([stranger.status, stranger.json]).toEqual([
      403,
      { error: ["'sync' not associated with organization 'new'"] },
    ]);
  });

  it('are gone for everybody after a DELETE, which a name of ".." in a path can become', async () => {
    await using server = await startServerOfPeople();

    const removed = await server.as('sync')('DELETE', '/organizations/acme');

    expect(removed.json).toMatchObject({ name: 'acme' });
    const missing = await server.as('sync')('GET', '/organizations/acme/roles');
    expect([missing.status, missing.json]).toEqual([404, { error: ["organization 'acme' does not exist."] }]);
  });
});

describe('members of an organization', () => {
  it('are added by the superuser alone, and once', async () => {
    await using server = await startServerOfPeople();
    await server.pivotal('POST', '/users', newUser('ann'));

    const byAdmin = await server.as('sync')('POST', '/organizations/acme/users', { username: 'ann' });
    const added = await server.pivotal('POST', '/organizations/acme/users', { username: 'ann' });
    const again = await server.pivotal('POST', '/organizations/acme/users', { username: 'ann' });
    const unknown = await server.pivotal('POST', '/organizations/acme/users', { username: 'bob' });

    expect([byAdmin.status, byAdmin.json]).toEqual([403, { error: ['missing create permission'] }]);
    expect([added.status, added.json]).toEqual([201, { uri: `${server.url}/organizations/acme/users/ann` }]);
    expect([again.status, again.text]).toEqual([409, '{"error":"The association already exists."}']);
    expect([unknown.status, unknown.text]).toEqual([404, '{"error":"Could not find user bob"}']);
    expect((await server.as('sync')('GET', '/organizations/acme/users')).json).toEqual([
      { user: { username: 'ann' } },
      { user: { username: 'sync' } },
    ]);
  });

  it('may be invited by an admin, and are in once they accept', async () => {
    await using server = await startServerOfPeople();
    const made = await server.pivotal('POST', '/users', newUser('ann'));
    const ann = server.as('ann', privateKeyOf(made));

    const invited = await server.as('sync')('POST', '/organizations/acme/association_requests', { user: 'ann' });
    const twice = await server.as('sync')('POST', '/organizations/acme/association_requests', { user: 'ann' });
    const id = invited.headers.get('location')?.split('/').at(-1);
    const early = await ann('GET', '/organizations/acme/roles');
    const seen = await ann('GET', '/users/ann/association_requests');
    const byOther = await server.as('sync')('PUT', `/users/ann/association_requests/${id}`, { response: 'accept' });
    const accepted = await ann('PUT', `/users/ann/association_requests/${id}`, { response: 'accept' });
    const late = await ann('PUT', `/users/ann/association_requests/${id}`, { response: 'accept' });

    expect([invited.status, twice.status, twice.text]).toEqual([201, 409, '{"error":"The invite already exists."}']);
    expect([early.status, byOther.status]).toEqual([403, 403]);
    expect(seen.json).toEqual([{ id, orgname: 'acme' }]);
    expect([accepted.status, accepted.json]).toMatchObject([200, { id, orgname: 'acme', username: 'ann' }]);
    expect([late.status, late.text]).toEqual([404, `{"error":"Cannot find association request: ${id}"}`]);
    expect((await ann('GET', '/organizations/acme/roles')).status).toBe(200);
    expect((await ann('GET', '/users/ann/organizations')).json).toMatchObject([{ organization: { name: 'acme' } }]);
  });

  it('write objects as the group users may, but neither clients nor groups nor the organization', async () => {
    await using server = await startServerOfPeople();
    server.addUser('ann', { rights: 'member' });
    const ann = server.as('ann');

    expect((await ann('POST', '/organizations/acme/roles', { name: 'web' })).status).toBe(201);
    expect((await ann('PUT', '/organizations/acme/groups/admins', { actors: { users: ['ann'] } })).status).toBe(403);
    for (const [path, body] of [
      ['clients', { name: 'node1', create_key: true }],
      ['groups', { groupname: 'ops' }],
      ['association_requests', { user: 'pivotal' }],
    ] as const) {
      const answer = await ann('POST', `/organizations/acme/${path}`, body);
      expect([answer.status, answer.json]).toEqual([403, { error: ['missing create permission'] }]);
    }
    const removal = await ann('DELETE', '/organizations/acme');
    expect([removal.status, removal.json]).toEqual([403, { error: ['missing delete permission'] }]);
  });

  it('who may only read are refused every write with the permission that they lack', async () => {
    await using server = await startServerOfPeople();
    server.addUser('ann', { rights: 'reader' });
    server.organization('acme').putRole('web', {});
    const ann = server.as('ann');
    const web = '/organizations/acme/roles/web';

    expect((await ann('GET', web)).status).toBe(200);
    expect((await ann('POST', '/organizations/acme/roles', { name: 'db' })).json).toEqual({
      error: ['missing create permission'],
    });
    expect((await ann('PUT', web, { name: 'web' })).json).toEqual({ error: ['missing update permission'] });
    expect((await ann('DELETE', web)).json).toEqual({ error: ['missing delete permission'] });
    const sandbox = await ann('POST', '/organizations/acme/sandboxes', { checksums: { a: null } });
    expect(sandbox.json).toEqual({ error: ['missing create permission'] });
    expect([...server.organization('acme').dump().roles.keys()]).toEqual(['web']);
  });

  it('cannot lock the superuser out: it may write without being a member of anything', async () => {
    await using server = await startServerOfPeople();
    for (const group of ['admins', 'users']) {
      await server.as('sync')('PUT', `/organizations/acme/groups/${group}`, { actors: { users: ['sync'] } });
    }

    expect((await server.pivotal('POST', '/organizations/acme/roles', { name: 'web' })).status).toBe(201);
  });

  it('leave when they are removed, an admin not before leaving the group', async () => {
    await using server = await startServerOfPeople();
    server.addUser('ann', { rights: 'member' });
    const removed = await server.as('sync')('DELETE', '/organizations/acme/users/ann');
    const admin = await server.as('sync')('DELETE', '/organizations/acme/users/sync');

    expect([removed.status, admin.status]).toEqual([200, 403]);
    expect(admin.text).toContain("remove sync from this organization's admins group");
    const after = await server.as('ann')('GET', '/organizations/acme/roles');
    expect(after.json).toEqual({ error: ["'ann' not associated with organization 'acme'"] });
  });
});
