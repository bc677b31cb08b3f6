import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeChefServer } from '../support/fake-chef-server.ts';
import type { CliResult } from './run-cli.ts';
import { runHere } from './run-here.ts';

/** A primary and the replica `eu`, both with the organization `acme` and nobody who copies yet, and a configuration. */
export interface UnpreparedServers extends AsyncDisposable {
  readonly primary: Awaited<ReturnType<typeof startFakeChefServer>>;
  readonly replica: Awaited<ReturnType<typeof startFakeChefServer>>;
  readonly folder: string;
  readonly configFile: string;
  /** The file where the replica's key belongs. */
  readonly replicaKeyFile: string;
  /** The superuser's private key. */
  readonly adminKeyFile: string;
  /** `prepare-org acme --on eu` as the superuser, or as another admin; its options may name others. */
  prepare(...options: readonly string[]): Promise<CliResult>;
  /** What is in the replica's key file. */
  storedKey(): string;
}

/** The name of the user that copies. */
export const USER = 'ec_sync_user';

/** Starts them, with the superuser `pivotal` on both and `alice`, an admin of `acme`. */
export async function startUnpreparedServers(): Promise<UnpreparedServers> {
  const [primary, replica] = await Promise.all([startFakeChefServer(), startFakeChefServer()]);
  for (const server of [primary, replica]) {
    server.addUser('pivotal', { isSuperuser: true, rights: 'not associated' });
    server.addUser('alice', { rights: 'admin' });
  }
  primary.organization('acme').putRole('web', { run_list: ['recipe[web]'] });
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-prepare-'));
  const adminKeyFile = join(folder, 'admin.pem');
  writeFileSync(adminKeyFile, replica.keyPem, { mode: 0o600 });
  const configFile = join(folder, 'chef-sync.yaml');
  const server = (url: string, key: string): string =>
    `{ url: "${url}", user: ${USER}, key: { file: keys/${key}.pem } }`;
  writeFileSync(
    configFile,
    `version: 1
primary: ${server(primary.url, 'primary')}
replicas:
  eu: ${server(replica.url, 'eu')}
organizations:
  - { source: acme, replica: eu }
`,
  );
  const replicaKeyFile = join(folder, 'keys/eu.pem');
  return {
    primary,
    replica,
    folder,
    configFile,
    replicaKeyFile,
    adminKeyFile,
    prepare: (...options) => {
      const usual = options.includes('--admin-user') ? [] : ['--admin-user', 'pivotal'];
      const on = options.includes('--on') ? [] : ['--on', 'eu'];
      const key = options.includes('--admin-key') ? [] : ['--admin-key', adminKeyFile];
      return runHere('prepare-org', 'acme', '--config', configFile, ...on, ...usual, ...key, ...options);
    },
    storedKey: () => (existsSync(replicaKeyFile) ? readFileSync(replicaKeyFile, 'utf8') : ''),
    async [Symbol.asyncDispose]() {
      await Promise.all([primary.stop(), replica.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** A fresh private key in PEM. */
export const freshKeyPem = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
