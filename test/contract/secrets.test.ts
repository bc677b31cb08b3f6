import { generateKeyPairSync } from 'node:crypto';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createSecrets, type Secrets } from '../../lib/aws/secrets.ts';
import { readSigningKey } from '../../lib/chef/sign-request.ts';
import { trustedRef } from '../../lib/model/object-path.ts';
import { SyncError } from '../../lib/model/sync-error.ts';
import { ANY_CREDENTIALS, REGION } from '../support/aws/local-aws.ts';
import { type SecretsServer, startSecretsServer } from '../support/aws/secrets-server.ts';
import { startFakeChefServer } from '../support/fake-chef-server.ts';
import { connectChefOrg } from './connect-chef-org.ts';

let server: SecretsServer;
let secrets: Secrets;
let now = 0;

beforeAll(async () => {
  server = await startSecretsServer();
});
beforeEach(() => {
  const client = new SecretsManagerClient({ endpoint: server.url, region: REGION, credentials: ANY_CREDENTIALS });
  secrets = createSecrets(client, { now: () => now });
});
afterAll(() => server.stop());

test('a secret is read once, and again only when asked and a minute old', async () => {
  server.put('chef-sync/eu', 'one');
  const before = server.reads();
  expect(await Promise.all([secrets.read('chef-sync/eu'), secrets.read('chef-sync/eu')])).toEqual(['one', 'one']);

  server.put('chef-sync/eu', 'two');
  expect(await secrets.renew('chef-sync/eu')).toBeUndefined();
  expect(await secrets.read('chef-sync/eu')).toBe('one');
  expect(server.reads() - before).toBe(1);
  now += 60_000;
  expect(await secrets.renew('chef-sync/eu')).toBe('two');
  now += 60_000;
  expect(await secrets.renew('chef-sync/eu')).toBeUndefined();
  expect(await secrets.read('chef-sync/eu')).toBe('two');
});

test('a secret that is missing is told with the command that makes it, and found when it is there', async () => {
  await expect(secrets.read('chef-sync/us')).rejects.toThrow(
    'The secret chef-sync/us in Secrets Manager does not exist or has no value: put the value there',
  );

  server.put('chef-sync/us', 'here');

  expect(await secrets.read('chef-sync/us')).toBe('here');
});

test('a secret that is missing is told with the command that makes it also when rights are looked at first, as AWS does', async () => {
  server.hideMissing();

  await expect(secrets.read('chef-sync/none')).rejects.toThrow(
    "The secret chef-sync/none in Secrets Manager does not exist, or the functions may not read it: put the value there, for a Chef user's key with `aws secretsmanager create-secret --name chef-sync/none",
  );
});

test.each([
  [
    'AccessDeniedException',
    'Access to KMS is not allowed',
    'is encrypted with a KMS key that the functions may not use',
  ],
  ['DecryptionFailure', 'the key is disabled', 'is encrypted with a KMS key that the functions may not use'],
  ['InvalidRequestException', 'it was marked for deletion', 'restore-secret --secret-id chef-sync/kept'],
])('a secret that AWS refuses with %s (%s) is told with the next step', async (type, message, sentence) => {
  server.put('chef-sync/kept', 'here');
  server.refuse('chef-sync/kept', type, message);

  const failure = await secrets.read('chef-sync/kept').catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(SyncError);
  expect(String(failure)).toContain(sentence);
});

test('a key that is replaced on the Chef server and in the secret is used with the request that was refused', async () => {
  await using chef = await startFakeChefServer();
  chef.organization('acme').putRole('web', {});
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  server.put('chef-sync/rotated', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const keyOf = (pem: string) => readSigningKey(chef.user, pem);
  const old = await secrets.read('chef-sync/rotated');
  const { org, close } = connectChefOrg(
    { ...chef, organization: 'acme' },
    {
      key: keyOf(old),
      renewKey: async () => {
        const pem = await secrets.renew('chef-sync/rotated');
        return pem === undefined ? undefined : keyOf(pem);
      },
    },
  );
  const read = () => org.read(trustedRef('/roles/web'));
  await expect(read()).rejects.toThrow('401');

  server.put('chef-sync/rotated', chef.keyPem);
  now += 60_000;

  expect(await Promise.all([read(), read(), read()])).toEqual([
    expect.objectContaining({ text: expect.any(String) }),
    expect.objectContaining({ text: expect.any(String) }),
    expect.objectContaining({ text: expect.any(String) }),
  ]);
  await close();
});

test('a key that changes with every look ends in the refusal, not in a request without end', async () => {
  await using chef = await startFakeChefServer();
  const freshKey = () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return readSigningKey(chef.user, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  };
  const settings = { key: freshKey(), renewKey: async () => freshKey() };
  const { org, close } = connectChefOrg({ ...chef, organization: 'acme' }, settings);

  await expect(org.read(trustedRef('/roles/web'))).rejects.toThrow('401');

  await close();
});
