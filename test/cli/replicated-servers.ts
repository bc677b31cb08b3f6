import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { type CliProcess, startCli } from './run-cli.ts';

/** A primary, replicas and a folder with the configuration for them; everything is gone at the end of `await using`. */
export interface ReplicatedServers extends AsyncDisposable {
  readonly primary: FakeChefServer;
  readonly replicas: readonly FakeChefServer[];
  readonly folder: string;
  readonly configFile: string;
  readonly stateFile: string;
  /** Writes the configuration anew, with these replicas only, and with more defaults; a pair is polled every second unless they say so. */
  configure(replicas: readonly string[], defaults?: string): void;
}

/**
 * Starts fake servers whose organization `acme` is replicated as `NAME/acme`. The primary has three roles, a data bag with an item and an
 * environment; the replicas are empty.
 */
export async function startReplicatedServers(names: readonly string[] = ['eu']): Promise<ReplicatedServers> {
  const primary = await startFakeChefServer();
  const replicas = await Promise.all(names.map(() => startFakeChefServer()));
  const organization = primary.organization('acme');
  for (const role of ['base', 'db', 'web']) organization.putRole(role, { run_list: [`recipe[${role}]`] });
  organization.putItem('users', 'alice', { uid: 2001 });
  organization.putEnvironment('production', { description: 'customers' });

  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-cli-'));
  writeFileSync(join(folder, 'key.pem'), primary.keyPem, { mode: 0o600 });
  const configFile = join(folder, 'chef-sync.yaml');
  const server = (url: string): string => `{ url: "${url}", user: sync, key: { file: key.pem } }`;
  const configure = (chosen: readonly string[], defaults = ''): void =>
    writeFileSync(
      configFile,
      `version: 1
primary: ${server(primary.url)}
replicas:
${names
  .map((name, index) => `  ${name}: ${server(replicas[index]?.url ?? '')}`)
  .filter((_, index) => chosen.includes(names[index] ?? ''))
  .join('\n')}
organizations:
  - { source: acme, replica: all }
defaults: { ${[...(defaults.includes('pollSeconds') ? [] : ['pollSeconds: 1']), defaults].join(', ')} }
`,
    );
  configure(names);
  return {
    primary,
    replicas,
    folder,
    configFile,
    stateFile: join(folder, 'chef-sync.db'),
    configure,
    async [Symbol.asyncDispose]() {
      await Promise.all([primary, ...replicas].map((one) => one.stop()));
      rmSync(folder, { recursive: true });
    },
  };
}

/** Starts servers with the replicas `eu` and `us`, and a daemon that follows `eu` and has brought it in sync. */
export async function startFollowedServers(): Promise<{
  readonly servers: ReplicatedServers;
  readonly daemon: CliProcess;
  readonly stop: () => Promise<void>;
}> {
  const servers = await startReplicatedServers(['eu', 'us']);
  servers.configure(['eu']);
  const daemon = startCli(['run', '--config', servers.configFile]);
  await daemon.shows(/info {2}eu\/acme {2}in sync/);
  const stop = async (): Promise<void> => {
    daemon.kill('SIGKILL');
    await daemon.ended();
    await servers[Symbol.asyncDispose]();
  };
  return { servers, daemon, stop };
}
