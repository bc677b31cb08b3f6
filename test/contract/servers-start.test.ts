import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { describeTestedServers, isServerInstalled } from '../support/available-servers.ts';
import { startChefZero } from '../support/chef-zero.ts';
import { acceptsConnections } from '../support/free-port.ts';
import { startGoiardi } from '../support/goiardi.ts';

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
