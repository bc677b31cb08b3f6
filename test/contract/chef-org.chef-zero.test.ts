import { test } from 'vitest';
import { sandboxKeyPair } from '../../lib/local/sandbox-chef-server/actor-key.ts';
import { isServerInstalled } from '../support/available-servers.ts';
import { startChefZero } from '../support/chef-zero.ts';
import { describeChefOrg } from './chef-org.contract.ts';
import { connectChefOrg } from './connect-chef-org.ts';

if (isServerInstalled('chef-zero')) {
  describeChefOrg('chef-zero', async () => {
    const server = await startChefZero({ organizations: ['acme'] });
    // It checks no signatures: any key will do.
    const keyPem = sandboxKeyPair().privateKey;
    const { org, close } = connectChefOrg({ url: server.url, user: 'sync', keyPem, organization: 'acme' });
    return {
      org,
      hasOrganizations: true,
      async stop() {
        await close();
        await server.stop();
      },
    };
  });
} else {
  test('chef-zero is not on this machine, so nothing was tested on it', () => {});
}
