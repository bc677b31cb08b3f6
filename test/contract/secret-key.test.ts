import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { secretKey } from '../../lib/aws/secret-key.ts';
import { ANY_CREDENTIALS, REGION } from '../support/aws/local-aws.ts';
import { type SecretsServer, startSecretsServer } from '../support/aws/secrets-server.ts';

const NAME = 'chef-sync/eu';

let server: SecretsServer;

beforeEach(async () => {
  server = await startSecretsServer();
});
afterEach(() => {
  server.stop();
  vi.unstubAllEnvs();
});

const open = (settings: { credentials?: typeof ANY_CREDENTIALS; region?: string } = {}) =>
  secretKey(
    new SecretsManagerClient({
      endpoint: server.url,
      region: REGION,
      credentials: ANY_CREDENTIALS,
      maxAttempts: 1,
      ...settings,
    }),
    NAME,
  );

test('a key is put into a new secret, and into one that is there', async () => {
  const key = open();

  expect(await key.read()).toBe('empty');
  await key.write('one', 'replace');
  expect(server.get(NAME)).toBe('one');
  await key.write('two', 'replace');
  expect(await key.read()).toEqual({ pem: 'two' });
});

test('who may not read a secret may make one, and replaces none without being asked to', async () => {
  server.deny('GetSecretValue');
  const key = open();

  expect(await key.read()).toBe('unreadable');
  await key.write('one', 'create');
  await expect(key.write('two', 'create')).rejects.toThrow(
    'The secret chef-sync/eu exists already, and what it holds cannot be seen: allow secretsmanager:GetSecretValue on it',
  );
  expect(server.get(NAME)).toBe('one');
});

test('a missing permission is told with those that are needed', async () => {
  server.deny('PutSecretValue');

  await expect(open().write('one', 'replace')).rejects.toThrow(
    'You may not write the secret chef-sync/eu: ask for secretsmanager:CreateSecret and secretsmanager:PutSecretValue on this one name',
  );
});

test('missing credentials are told as such, and so is a missing region', async () => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_REGION', 'AWS_DEFAULT_REGION'])
    vi.stubEnv(name, undefined);
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nonexistent');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  const client = (region?: string) =>
    secretKey(new SecretsManagerClient({ endpoint: server.url, ...(region !== undefined && { region }) }), NAME);

  await expect(client(REGION).read()).rejects.toThrow(
    /^There are no AWS credentials \(.*\): sign in with "aws sso login"/,
  );
  await expect(client().read()).rejects.toThrow(
    'There is no AWS region: set AWS_REGION, or a region in your AWS profile.',
  );
});
