import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { readSigningKey, type SigningKey, signatureTimestamp, signRequest } from '../../lib/chef/sign-request.ts';
import { describeTestedServers, isServerInstalled } from '../support/available-servers.ts';
import { startChefZero } from '../support/chef-zero.ts';
import { acceptsConnections } from '../support/free-port.ts';
import { startGoiardi } from '../support/goiardi.ts';

async function postRole(url: string, key: SigningKey, name: string): Promise<number> {
  const body = JSON.stringify({ name, json_class: 'Chef::Role', chef_type: 'role', run_list: [] });
  const timestamp = signatureTimestamp(Date.now());
  const headers = await signRequest(key, { method: 'POST', path: '/roles', body, timestamp, apiVersion: '1' });
  const response = await request(`${url}/roles`, { method: 'POST', headers, body });
  await response.body.dump();
  return response.statusCode;
}

const portOf = (url: string) => Number(new URL(url).port);

if (isServerInstalled('goiardi')) {
  describe('goiardi on PostgreSQL', () => {
    it('runs several servers at once, each with a key of its own, and refuses unsigned requests', async () => {
      const [first, second] = await Promise.all([startGoiardi(), startGoiardi()]);

      const statuses = await Promise.all(
        [first, second].map(async ({ url }) => {
          const response = await request(`${url}/roles`);
          await response.body.dump();
          return response.statusCode;
        }),
      );

      expect(statuses).toEqual([401, 401]);
      expect(first.adminKeyPem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
      expect(first.adminKeyPem).not.toBe(second.adminKeyPem);
      await Promise.all([first.stop(), second.stop()]);
      expect(await acceptsConnections(portOf(first.url))).toBe(false);
    });

    it('makes users whose keys it accepts, and lets only admins write', async () => {
      const server = await startGoiardi();
      const replicator = readSigningKey('replicator', await server.createUser('replicator', { isAdmin: true }));
      const reader = readSigningKey('reader', await server.createUser('reader', { isAdmin: false }));

      expect(await postRole(server.url, reader, 'base')).toBe(403);
      expect(await postRole(server.url, replicator, 'base')).toBe(201);
      await server.stop();
    });
  });
}

if (isServerInstalled('chef-zero')) {
  describe('chef-zero', () => {
    it('answers for each organization it was started with, and for no other', async () => {
      const server = await startChefZero({ organizations: ['acme', 'globex'] });

      const statuses = await Promise.all(
        ['acme', 'globex', 'initech'].map(async (organization) => {
          const response = await request(`${server.url}/organizations/${organization}/roles`);
          await response.body.dump();
          return response.statusCode;
        }),
      );

      expect(statuses).toEqual([200, 200, 404]);
      await server.stop();
      expect(await acceptsConnections(portOf(server.url))).toBe(false);
    });
  });
}

describe('describeTestedServers', () => {
  it('names the servers that were not tested and how to install them, in one line', () => {
    const line = describeTestedServers([
      { name: 'goiardi', isInstalled: true, install: 'unused' },
      { name: 'chef-zero', isInstalled: false, install: 'gem install chef-zero' },
    ]);

    expect(line).toBe('Chef servers tested: fake, goiardi; not tested: chef-zero (install: gem install chef-zero)');
  });
});
