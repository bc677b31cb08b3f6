import { test } from 'vitest';
import { isServerInstalled } from '../support/available-servers.ts';
import { startGoiardi } from '../support/goiardi.ts';
import { describeChefOrg } from './chef-org.contract.ts';
import { connectChefOrg } from './connect-chef-org.ts';

if (isServerInstalled('goiardi')) {
  describeChefOrg('goiardi', async () => {
    const server = await startGoiardi();
    const { url, adminUser: user, adminKeyPem: keyPem } = server;
    const { org, close } = connectChefOrg({ url, user, keyPem, organization: null });
    return {
      org,
      hasOrganizations: false,
      async stop() {
        await close();
        await server.stop();
      },
    };
  });
} else {
  test('goiardi is not on this machine, so nothing was tested on it', () => {});
}
