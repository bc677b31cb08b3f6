import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startFakeChefServer } from '../../../support/fake-chef-server.ts';
import { send } from './signed-request.ts';

const path = '/organizations/acme/roles';

describe('authentication', () => {
  it.each(['1.0', '1.1', '1.3'] as const)('accepts protocol %s with and without a body', async (protocol) => {
    await using server = await startFakeChefServer();

    const created = await send(server, 'POST', path, { protocol, body: { name: 'web' } });
    const listed = await send(server, 'GET', `${path}?some=query`, { protocol });

    expect(created.status).toBe(201);
    expect(listed.json).toEqual({ web: `${server.url}/organizations/acme/roles/web` });
  });

  it.each(['1.0', '1.1', '1.3'] as const)(
    'refuses another body than the signed one in protocol %s',
    async (protocol) => {
      await using server = await startFakeChefServer();

      const answer = await send(server, 'GET', path, { protocol, headers: { 'x-ops-content-hash': 'AAAA' } });

      expect(answer.status).toBe(401);
      expect(answer.json).toEqual({ error: ["Invalid signature for user or client 'sync'"] });
    },
  );

  it('covers the API version in protocol 1.3', async () => {
    await using server = await startFakeChefServer();

    const answer = await send(server, 'GET', path, { headers: { 'x-ops-server-api-version': '1' } });

    expect(answer.status).toBe(401);
  });

  it('refuses a key that is not the user’s', async () => {
    await using server = await startFakeChefServer();
    const { publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    server.addUserWithKey('sync', publicKey);

    for (const protocol of ['1.0', '1.1', '1.3'] as const) {
      expect((await send(server, 'GET', path, { protocol })).status).toBe(401);
    }
  });

  it('names an unknown user, and a clock that is off', async () => {
    const nowMs = Date.UTC(2030, 0, 1);
    await using server = await startFakeChefServer({ now: () => nowMs });

    const stranger = await send(server, 'GET', path, { user: 'nobody', at: new Date(nowMs) });
    const early = await send(server, 'GET', path, { at: new Date(nowMs - 900_000) });
    const near = await send(server, 'GET', path, { at: new Date(nowMs + 899_000) });

    expect(stranger.json).toEqual({
      error: ["Failed to authenticate as 'nobody'. Ensure that your node_name and client key are correct."],
    });
    expect(early.json).toEqual({
      error: ['Failed to authenticate as sync. Synchronize the clock on your host.'],
    });
    expect(early.headers.get('date')).toBe('Tue, 01 Jan 2030 00:00:00 GMT');
    expect(near.status).toBe(200);
  });

  it('says 400 for missing headers, and shows its front page to a client without X-Chef-Version', async () => {
    await using server = await startFakeChefServer();

    const unsigned = await send(server, 'GET', path, { headers: { 'x-ops-timestamp': '' } });
    const stranger = await send(server, 'GET', path, { headers: { 'x-chef-version': '' } });

    expect([unsigned.status, unsigned.json]).toEqual([
      400,
      { error: ["missing required authentication header(s) 'X-Ops-Timestamp'"] },
    ]);
    expect([stranger.status, stranger.headers.get('content-type')]).toEqual([200, 'text/html']);
  });
});

describe('rights', () => {
  it('tells a missing organization, a stranger to it and a reader apart', async () => {
    await using server = await startFakeChefServer({ organizations: ['acme', 'other'] });
    server.setRights('sync', 'other', 'not associated');
    server.setRights('sync', 'acme', 'reader');

    const missing = await send(server, 'GET', '/organizations/none/roles', { user: 'nobody' });
    const stranger = await send(server, 'GET', '/organizations/other/roles');
    const reader = await send(server, 'GET', path);
    const refused = await send(server, 'POST', path, { body: { name: 'web' } });

    expect([missing.status, missing.text]).toEqual([404, `{"error":["organization 'none' does not exist."]}`]);
    expect([stranger.status, stranger.text]).toEqual([
      403,
      `{"error":["'sync' not associated with organization 'other'"]}`,
    ]);
    expect(reader.status).toBe(200);
    expect([refused.status, refused.text]).toEqual([403, '{"error":["missing create permission"]}']);
  });
});

describe('API versions', () => {
  it('says 406 with its limits, in the words of either server', async () => {
    await using erchef = await startFakeChefServer();
    await using zero = await startFakeChefServer({ apiVersions: { min: 0, max: 1, flavour: 'chef-zero' } });

    const refused = await send(erchef, 'GET', path, { apiVersion: '9' });
    const refusedByZero = await send(zero, 'GET', path, { apiVersion: '2' });

    expect(refused.status).toBe(406);
    expect(refused.json).toMatchObject({ min_version: 0, max_version: 2 });
    expect(refusedByZero.status).toBe(406);
    expect(refusedByZero.json).toMatchObject({ min_api_version: 0, max_api_version: 1 });
  });

  it('marks answers of the API, and only those', async () => {
    await using server = await startFakeChefServer();

    const missingObject = await send(server, 'GET', `${path}/none`);
    const missingRoute = await send(server, 'GET', '/organizations/acme/updated_since?seq=0');

    expect([missingObject.status, missingObject.json]).toEqual([404, { error: ['Cannot load role none'] }]);
    expect(JSON.parse(missingObject.headers.get('x-ops-server-api-version') ?? '')).toEqual({
      min_version: '0',
      max_version: '2',
      request_version: '2',
      response_version: '2',
    });
    expect([missingRoute.status, missingRoute.headers.get('content-type')]).toEqual([404, 'text/html']);
    expect(missingRoute.headers.has('x-ops-server-api-version')).toBe(false);
  });
});
