import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChefRequestError } from '../../lib/model/chef-request-error.ts';
import { trustedRef } from '../../lib/model/object-path.ts';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { type Connection, connectChefOrg } from './connect-chef-org.ts';

describe('a client of the organization, which may read all of it but the organization itself', () => {
  let server: FakeChefServer;
  const connections: Connection[] = [];

  beforeEach(async () => {
    server = await startFakeChefServer();
  });
  afterEach(async () => {
    await Promise.all(connections.splice(0).map(({ close }) => close()));
    await server.stop();
  });

  function connect(user: string, keyPem: string): Connection {
    const connection = connectChefOrg({ url: server.url, user, keyPem, organization: 'acme', side: 'primary' });
    connections.push(connection);
    return connection;
  }

  test('knows its organization again, and another one of the same name from it', async () => {
    const { org } = connect('reader', server.addClient('reader', 'acme'));
    const { guid } = await org.probe();

    expect(guid).toMatch(/^client:[0-9a-f]{32}$/);
    expect(await org.probe()).toEqual({ guid });

    server.replaceOrganization('acme');
    server.addClient('reader', 'acme');
    expect((await org.probe()).guid).toMatch(/^client:/);
    expect((await org.probe()).guid).not.toBe(guid);
  });

  test('reads objects, and that it may not read the organization makes no trouble', async () => {
    server.organization('acme').putRole('web', {});
    const { org } = connect('reader', server.addClient('reader', 'acme'));

    await org.probe();

    expect(await org.read(trustedRef('/roles/web'))).toHaveProperty('text');
    expect(org.lastTroubleAt()).toBe(0);
  });

  test.each([0, 1, 2])('is known by version %i of the API', async (max) => {
    await server.stop();
    server = await startFakeChefServer({ apiVersions: { min: 0, max } });
    const { org } = connect('reader', server.addClient('reader', 'acme'));

    await org.names('/roles');

    expect((await org.probe()).guid).toMatch(/^client:/);
  });

  test.each(['none', 'not associated'] as const)(
    'is not what a user is taken for: with the rights "%s" it stays refused',
    async (rights) => {
      const { org } = connect('visitor', server.addUser('visitor', { rights }));

      const error: unknown = await org.probe().catch((reason: unknown) => reason);

      if (!(error instanceof ChefRequestError)) throw new Error('the probe was expected to fail');
      expect(error.failure).toMatchObject({ status: 403, request: 'GET /organizations/acme' });
    },
  );

  test('is not known by a name that a member has too, and stays refused', async () => {
    server.addUser('reader', { rights: 'none' });
    const { org } = connect('reader', server.addClient('reader', 'acme'));

    await expect(org.probe()).rejects.toThrow(/missing read permission/);
  });

  test('is known although a user of the server, who is no member, has its name', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const userPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    server.addUserWithKey('reader', userPem, { rights: 'not associated' });
    const { org } = connect('reader', server.addClient('reader', 'acme'));

    expect((await org.probe()).guid).toMatch(/^client:/);
  });

  test('is not known after a denial for another reason', async () => {
    const { org } = connect('reader', server.addClient('reader', 'acme'));
    const body = '{"error":["Failed to verify the user"]}';
    server.faults.when({ path: /acme$/ }, { kind: 'answer', status: 403, body });

    await expect(org.probe()).rejects.toThrow(/Failed to verify the user/);
  });

  test('is not shown by a server that knows no principals, and stays refused', async () => {
    const { org } = connect('reader', server.addClient('reader', 'acme'));
    server.faults.when(
      { path: /principals/ },
      { kind: 'answer', status: 404, body: '<html></html>', contentType: 'text/html' },
    );

    await expect(org.probe()).rejects.toThrow(/missing read permission/);
  });
});
