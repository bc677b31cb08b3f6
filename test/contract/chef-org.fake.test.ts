import { startFakeChefServer } from '../support/fake-chef-server.ts';
import { describeChefOrg } from './chef-org.contract.ts';
import { connectChefOrg } from './connect-chef-org.ts';

describeChefOrg('fake', async () => {
  const server = await startFakeChefServer();
  const { org, close } = connectChefOrg({ ...server, organization: 'acme' });
  return {
    org,
    hasOrganizations: true,
    async stop() {
      await close();
      await server.stop();
    },
  };
});
