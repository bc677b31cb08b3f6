import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newUser, privateKeyOf, type ServerOfPeople, startServerOfPeople } from './people.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const keys = '/users/ann/keys';
const inOrganization = '/organizations/acme/roles';

/** A member of acme with the key `default` that all users of the tests share. */
async function startWithAnn(now?: () => number): Promise<ServerOfPeople> {
  const server = await startServerOfPeople(now);
  server.addUser('ann', { rights: 'member' });
  return server;
}

describe('users', () => {
  it('are made by the superuser, with a key of their own or one that the server makes', async () => {
    await using server = await startServerOfPeople();

    const made = await server.pivotal('POST', '/users', newUser('ann'));
    const brought = await server.pivotal('POST', '/users', newUser('bob', { public_key: publicKey }));
    const byOther = await server.as('sync')('POST', '/users', newUser('eve'));

    expect([made.status, made.json]).toEqual([
      201,
      {
        uri: `${server.url}/users/ann`,
        chef_key: {
          name: 'default',
          public_key: expect.stringMatching(/^-----BEGIN PUBLIC KEY/),
          expiration_date: 'infinity',
          uri: `${server.url}/users/ann/keys/default`,
          private_key: expect.stringMatching(/^-----BEGIN PRIVATE KEY/),
        },
      },
    ]);
    expect(brought.json).toMatchObject({ chef_key: { public_key: publicKey } });
    expect(brought.text).not.toContain('private_key');
    expect(byOther.json).toEqual({ error: ['missing create permission'] });
    expect((await server.as('bob', privateKey)('GET', '/users/bob')).json).toEqual({
      username: 'bob',
      email: 'bob@example.com',
      display_name: 'bob',
    });
  });

  it('have a name and an e-mail address that nobody else has, however it is spelled', async () => {
    await using server = await startServerOfPeople();
    await server.pivotal('POST', '/users', newUser('ann'));

    const sameName = await server.pivotal('POST', '/users', newUser('ann', { email: 'x@example.com' }));
    const sameEmail = await server.pivotal('POST', '/users', newUser('bob', { email: 'ANN@example.com' }));

    for (const answer of [sameName, sameEmail]) {
      expect([answer.status, answer.json]).toEqual([409, { error: ['Username or email address already in use.'] }]);
    }
  });

  it.each([
    [{ username: 'Ann' }, "Field 'username' invalid"],
    [{ password: 'short' }, 'Password must have at least 6 characters'],
    [{ email: 'nowhere' }, 'email must be valid'],
    [{ public_key: 'nonsense' }, 'Public Key must be a valid key.'],
    [{ public_key: publicKey, create_key: true }, 'You must specify either create_key or public_key, but not both'],
  ])('are refused with %j', async (wrong, text) => {
    await using server = await startServerOfPeople();

    const answer = await server.pivotal('POST', '/users', newUser('ann', wrong));

    expect([answer.status, answer.json]).toEqual([400, { error: [text] }]);
    expect((await server.pivotal('GET', '/users/ann')).status).toBe(404);
  });

  it('take no key in a PUT under API versions 1 and 2, and a new default key under 0', async () => {
    await using server = await startWithAnn();
    const body = newUser('ann', { public_key: publicKey });

    for (const apiVersion of ['1', '2']) {
      const refused = await server.as('ann')('PUT', '/users/ann', body, { apiVersion });
      expect([refused.status, refused.text]).toEqual([
        400,
        '{"error":["Since Server API v1, all keys must be updated via the keys endpoint. "]}',
      ]);
    }
    await server.as('ann')('PUT', '/users/ann', body, { apiVersion: '0' });
    expect(
      (await server.as('ann', privateKey)('GET', '/users/ann', undefined, { apiVersion: '0' })).json,
    ).toMatchObject({
      public_key: publicKey,
    });
  });

  it('are seen by themselves, by members of their organizations and by the superuser', async () => {
    await using server = await startWithAnn();
    server.addUser('stranger', { rights: 'not associated' });

    const statuses = [];
    for (const user of ['ann', 'sync', 'pivotal', 'stranger']) {
      statuses.push((await server.as(user)('GET', '/users/ann')).status);
    }

    expect(statuses).toEqual([200, 200, 200, 403]);
  });

  it('are gone from their organizations and cannot sign any more once they are deleted', async () => {
    await using server = await startWithAnn();

    await server.pivotal('DELETE', '/users/ann');

    expect((await server.as('ann')('GET', inOrganization)).status).toBe(401);
    expect((await server.as('sync')('GET', '/organizations/acme/users')).json).toEqual([
      { user: { username: 'sync' } },
    ]);
  });
});

describe('keys', () => {
  it('can be changed one for the other: any current one signs, the one in use cannot be removed', async () => {
    await using server = await startWithAnn();
    const [old, fresh] = [server.as('ann'), server.as('ann', privateKey)];

    const added = await old('POST', keys, { name: 'next', public_key: publicKey, expiration_date: 'infinity' });
    const signed = [(await old('GET', inOrganization)).status, (await fresh('GET', inOrganization)).status];
    const ownKey = await old('DELETE', `${keys}/default`);
    const removed = await fresh('DELETE', `${keys}/default`);

    expect([added.status, added.json]).toEqual([201, { uri: `${server.url}${keys}/next` }]);
    expect(signed).toEqual([200, 200]);
    expect([ownKey.status, ownKey.text]).toEqual([
      403,
      '{"error":"The key \'default\' was used to authenticate this request and cannot be modified or deleted."}',
    ]);
    expect([removed.status, removed.json]).toMatchObject([200, { name: 'default', expiration_date: 'infinity' }]);
    expect((await old('GET', inOrganization)).json).toEqual({ error: ["Invalid signature for user or client 'ann'"] });
    expect((await fresh('GET', keys)).json).toEqual([
      { uri: `${server.url}${keys}/next`, name: 'next', expired: false },
    ]);
  });

  it('that have expired do not sign; without a current one the user cannot sign at all', async () => {
    const startMs = Date.UTC(2030, 0, 1);
    let nowMs = startMs;
    await using server = await startWithAnn(() => nowMs);
    const at = () => ({ at: new Date(nowMs) });
    const [old, fresh] = [server.as('ann'), server.as('ann', privateKey)];
    const body = { name: 'short', public_key: publicKey, expiration_date: '2030-01-01T00:01:00Z' };
    await old('POST', keys, body, at());
    await fresh('PUT', `${keys}/default`, { expiration_date: '2030-01-01T00:02:00Z' }, at());

    nowMs = startMs + 60_000;
    const expired = await fresh('GET', inOrganization, undefined, at());
    const list = await old('GET', keys, undefined, at());
    nowMs = startMs + 120_000;
    const none = await old('GET', inOrganization, undefined, at());

    expect([expired.status, expired.json]).toEqual([401, { error: ["Invalid signature for user or client 'ann'"] }]);
    expect(list.json).toMatchObject([
      { name: 'short', expired: true },
      { name: 'default', expired: false },
    ]);
    expect([none.status, none.json]).toEqual([
      401,
      { error: ["Failed to authenticate as 'ann'. Ensure that your node_name and client key are correct."] },
    ]);
  });

  it('of a name that is taken are refused with a text that is not in a list', async () => {
    await using server = await startWithAnn();

    const answer = await server.as('ann')('POST', keys, {
      name: 'default',
      create_key: true,
      expiration_date: 'infinity',
    });

    expect([answer.status, answer.text]).toEqual([
      409,
      '{"error":"a key with the name \'default\' already exists for this actor."}',
    ]);
  });

  it('are not renamed onto each other', async () => {
    await using server = await startWithAnn();
    const ann = server.as('ann');
    await ann('POST', keys, { name: 'next', public_key: publicKey, expiration_date: 'infinity' });

    const renamed = await ann('PUT', `${keys}/next`, { name: 'default' });

    expect(renamed.status).toBe(409);
    expect((await ann('GET', keys)).json).toMatchObject([{ name: 'default' }, { name: 'next' }]);
  });

  it('need a name, a date and a key', async () => {
    await using server = await startWithAnn();
    const post = async (body: object) => (await server.as('ann')('POST', keys, body)).json;

    expect(await post({ name: 'k', public_key: publicKey })).toEqual({ error: ["Field 'expiration_date' missing"] });
    expect(await post({ name: 'k', expiration_date: 'infinity' })).toEqual({
      error: ["You must either provide a valid value for 'public_key', or specify 'create_key': true"],
    });
    expect(await post({ name: 'k', public_key: publicKey, expiration_date: 'soon' })).toMatchObject({
      error: [expect.stringContaining('expiration_date')],
    });
  });

  it('belong to their user: nobody but the superuser changes those of others, or sees those of strangers', async () => {
    await using server = await startWithAnn();
    server.addUser('stranger', { rights: 'not associated' });
    const body = { name: 'mine', public_key: publicKey, expiration_date: 'infinity' };

    const byAdmin = await server.as('sync')('POST', keys, body);
    const seen = await server.as('stranger')('GET', keys);
    const inOrg = await server.as('sync')('GET', '/organizations/acme/users/ann/keys');
    const byPivotal = await server.pivotal('POST', keys, body);

    expect([byAdmin.status, byAdmin.json]).toEqual([403, { error: ['missing create permission'] }]);
    expect([seen.status, inOrg.status, byPivotal.status]).toEqual([403, 200, 201]);
    expect((await server.as('sync')('POST', '/organizations/acme/users/ann/keys', body)).status).toBe(405);
  });

  it('that the server makes work at once, also after they were replaced and renamed', async () => {
    await using server = await startWithAnn();
    const made = await server.as('ann')('POST', keys, { name: 'k', create_key: true, expiration_date: 'infinity' });
    const first = server.as('ann', privateKeyOf(made));

    const renamed = await server.as('ann')('PUT', `${keys}/k`, { name: 'k2', create_key: true });

    expect([renamed.status, renamed.headers.get('location')]).toEqual([201, `${server.url}${keys}/k2`]);
    expect((await first('GET', inOrganization)).status).toBe(401);
    const second = server.as('ann', privateKeyOf(renamed));
    expect((await second('GET', inOrganization)).status).toBe(200);
    expect((await second('GET', `${keys}/k`)).text).toBe('{"error":"There is no key named k associated with ann."}');
  });
});
