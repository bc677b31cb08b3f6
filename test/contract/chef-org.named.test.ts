import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { describeChefOrg } from './chef-org.contract.ts';
import { connectChefOrg } from './connect-chef-org.ts';

/** A Chef server of the operator's: what the suite writes there has a prefix of its own and is removed afterwards. */
const {
  CHEF_SYNC_TEST_URL: url,
  CHEF_SYNC_TEST_ORG: organization,
  CHEF_SYNC_TEST_USER: user,
  CHEF_SYNC_TEST_KEY: keyFile,
} = process.env;

if (url !== undefined && user !== undefined && keyFile !== undefined) {
  describeChefOrg('named', async () => {
    const keyPem = await readFile(keyFile, 'utf8');
    const { org, close } = connectChefOrg({ url, user, keyPem, organization: organization ?? null });
    return { org, hasOrganizations: organization !== undefined, stop: close };
  });
} else {
  test('a server of yours is tested only when CHEF_SYNC_TEST_URL, _USER and _KEY are all set, and none is half named', () => {
    expect({ url, user, keyFile, organization }).toEqual({});
  });
}
