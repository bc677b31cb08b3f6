import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillSampleOrganization, SAMPLE_CHANGES } from '../local/sample-organization.ts';
import { startSandboxChefServer } from '../local/sandbox-chef-server/server.ts';

/** Both sandbox servers answer a little later than they could, as over a wide-area network: at full speed there is nothing to see. */
const ANSWER_DELAY_MS = 15;

const USER = 'ec_sync_user';

/** One change of the demo, and how to see it arrive. */
export interface DemoChange {
  /** For the reader, in the past tense. */
  readonly what: string;
  makeOnPrimary(): void;
  isOnReplica(): boolean;
}

/** A primary with a sample organization and an empty replica, in this process, and the files that a daemon for them needs. */
export interface DemoServers {
  readonly primaryUrl: string;
  readonly replicaUrl: string;
  readonly configFile: string;
  readonly configText: string;
  readonly changes: readonly DemoChange[];
  /** Stops both servers and removes every file. */
  close(): Promise<void>;
}

/** Starts both servers on free ports of 127.0.0.1 and writes keys and `chef-sync.yaml` into a temporary folder. */
export async function startDemoServers(): Promise<DemoServers> {
  const [primary, replica] = await Promise.all([
    startSandboxChefServer({ organizations: ['acme'], feed: true }),
    startSandboxChefServer({ organizations: ['acme'] }),
  ]);
  for (const server of [primary, replica]) {
    server.faults.when({ path: /./ }, { kind: 'delay', ms: ANSWER_DELAY_MS });
  }
  fillSampleOrganization(primary.organization('acme'));

  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-demo-'));
  writeFileSync(join(folder, 'primary.pem'), primary.addUser(USER), { mode: 0o600 });
  writeFileSync(join(folder, 'eu.pem'), replica.addUser(USER), { mode: 0o600 });
  const configFile = join(folder, 'chef-sync.yaml');
  const configText = `version: 1
primary:
  url: ${primary.url}
  user: ${USER}
  key: { file: primary.pem }
replicas:
  eu:
    url: ${replica.url}
    user: ${USER}
    key: { file: eu.pem }
organizations:
  - { source: acme, replica: eu }
defaults: { pollSeconds: 1 }
`;
  writeFileSync(configFile, configText);

  return {
    primaryUrl: primary.url,
    replicaUrl: replica.url,
    configFile,
    configText,
    changes: SAMPLE_CHANGES.map(({ what, make, hasArrived }) => ({
      what,
      makeOnPrimary: () => make(primary.organization('acme')),
      isOnReplica: () => hasArrived(replica.organization('acme').dump()),
    })),
    async close() {
      await Promise.all([primary.stop(), replica.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}
