import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { FunctionWorld } from '../assembly/function-world.ts';
import type { FakeChefServer } from '../support/fake-chef-server.ts';

/** A configuration of this machine for the pairs that a stack follows, to compare what both homes print. */
export interface SamePairHere extends Disposable {
  readonly folder: string;
  readonly configFile: string;
  /** Writes it anew, for these organizations only. */
  follow(organizations: readonly string[]): void;
}

/** Writes it into a folder of its own, which is gone when it is disposed of. */
export function samePairHere(
  { primary, replica }: Pick<FunctionWorld, 'primary' | 'replica'>,
  defaults: object = {},
  organizations: readonly string[] = ['acme'],
): SamePairHere {
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-homes-'));
  const configFile = join(folder, 'chef-sync.yaml');
  const server = ({ url, user, keyPem }: FakeChefServer, file: string) => {
    writeFileSync(join(folder, file), keyPem, { mode: 0o600 });
    return { url, user, key: { file } };
  };
  const config = (sources: readonly string[]) => ({
    version: 1,
    primary: server(primary, 'primary.pem'),
    replicas: { eu: server(replica, 'eu.pem') },
    organizations: sources.map((source) => ({ source, replica: 'eu' })),
    defaults,
  });
  const follow = (sources: readonly string[]): void => writeFileSync(configFile, stringify(config(sources)));
  follow(organizations);
  return { folder, configFile, follow, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
