import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OrganizationPair } from '../../../lib/config/organization-pair.ts';
import { organizationPairs } from '../../../lib/config/organization-pairs.ts';
import { readableConfigSchema } from '../../../lib/config/schema.ts';
import { openChefServers } from '../../../lib/runtime/chef-servers.ts';
import { systemClock } from '../../../lib/runtime/system-clock.ts';

let folder: string;

const writeKey = (): void => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chef-sync-servers-'));
  writeKey();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The one pair of a configuration whose replica has this address. */
function pairsOf(replicaUrl: string): readonly [OrganizationPair] {
  const server = (url: string) => ({ url, user: 'sync', key: { file: 'key.pem' } });
  const config = readableConfigSchema.parse({
    primary: server('http://localhost:1'),
    replicas: { eu: server(replicaUrl) },
    organizations: [{ source: 'acme', replica: 'eu' }],
  });
  const [pair] = organizationPairs(config, folder).pairs;
  if (pair === undefined) throw new Error('the configuration has no pair');
  return [pair];
}

test('a changed configuration keeps the clients of servers that are as they were, and makes those of others', async () => {
  const [before] = pairsOf('http://localhost:2');
  const servers = openChefServers([before], systemClock);
  const primary = servers.of(before.primary);
  const replica = servers.of(before.replica);

  const [after] = pairsOf('http://localhost:3');
  servers.change([after]);
  await servers.closeUnused();

  expect(servers.of(after.primary)).toBe(primary);
  expect(servers.of(after.replica)).not.toBe(replica);
  await servers.close();
});

test('a key that was replaced in its file is taken over', async () => {
  const [pair] = pairsOf('http://localhost:2');
  const servers = openChefServers([pair], systemClock);
  const primary = servers.of(pair.primary);

  writeKey();
  servers.change([pair]);

  expect(servers.of(pair.primary)).not.toBe(primary);
  await servers.close();
});

test('a key that cannot be read changes nothing', async () => {
  const [before] = pairsOf('http://localhost:2');
  const servers = openChefServers([before], systemClock);
  const replica = servers.of(before.replica);

  writeFileSync(join(folder, 'key.pem'), 'no key');

  expect(() => servers.change(pairsOf('http://localhost:3'))).toThrow();
  expect(servers.of(before.replica)).toBe(replica);
  await servers.close();
});
