import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import * as z from 'zod';
import { addChefSyncStack } from '../../cdk/add-chef-sync-stack.ts';
import { bundleFunctions, CONFIG_FILE } from '../../cdk/bundle-functions.ts';
import { FUNCTION_NAMES } from '../../cdk/function-table.ts';
import { createDynamoLedger } from '../../lib/aws/dynamo-ledger.ts';
import { createDynamoTable } from '../../lib/aws/dynamo-table.ts';
import { type PackedConfig, unpackConfig } from '../../lib/config/packed-config.ts';
import type { OperatorAnswer, OperatorRequest } from '../../lib/model/operator-request.ts';
import type { Ledger } from '../../lib/ports/ledger.ts';
import type { Inspector } from '../../lib/runtime/inspector.ts';
import { type Operator, unsyncedOf } from '../../lib/runtime/operator.ts';
import { openRemoteInspector } from '../../lib/runtime/remote-inspector.ts';
import { openRemoteOperator } from '../../lib/runtime/remote-operator.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import type { PairStatus } from '../../lib/sync/pair-status.ts';
import type { UnsyncedObject } from '../../lib/sync/unsynced-objects.ts';
import { createApp } from '../cdk/stack-under-test.ts';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { type LocalCloud, startLocalCloud } from './local-cloud.ts';
import { readStack, type SynthesizedStack } from './synthesized-stack.ts';

/** Name of every stack of these tests. */
export const STACK = 'chef-sync';

/** Its poller. */
export const POLLER = `${STACK}-poller`;

/** Its copier. */
export const COPIER = `${STACK}-copier`;

/** What operators look at most. */
export interface AnsweredStatus {
  readonly status: PairStatus;
  readonly unsynced: readonly UnsyncedObject[];
}

const queueName = z.object({ QueueName: z.string() });

/** What one deployment is made of. */
export interface Deployment {
  /** Organizations of the primary; each goes to every replica. */
  readonly organizations: readonly string[];
  readonly requestsInFlight?: number;
  /** `inventoryShare`; by default a pass begins as soon as the one before has ended. */
  readonly inventoryShare?: string;
  /** The `aws:` section. */
  readonly aws?: Readonly<Record<string, unknown>>;
}

/** A synthesized stack in a local account, between a primary and its replicas. */
export interface AssembledStack extends AsyncDisposable {
  readonly cloud: LocalCloud;
  readonly stack: () => SynthesizedStack;
  readonly primary: FakeChefServer;
  /** The replica of that name, the only one when there is one. */
  replica(name?: string): FakeChefServer;
  /** Names of the queues from poller to copiers. */
  lanes(): readonly string[];
  /** Synthesizes and deploys again. */
  deploy(deployment: Deployment): Promise<void>;
  /** Fires the schedule of a pair, with the mappings at work. */
  sync(pair: string): Promise<unknown>;
  tableName(): string;
  /** The pair's part of the table. */
  ledger(pair: string): Ledger;
  status(pair: string): Promise<AnsweredStatus>;
  control(request: OperatorRequest): Promise<readonly OperatorAnswer[]>;
  /** As `chef-sync-ctl --stack` works on it. */
  readonly operator: Operator;
  readonly inspector: Inspector;
}

/** The bundles of all tests of a process: they differ in their configuration alone, and making them takes longest. */
let bundles: string | undefined;

function bundle(folder: string, packedConfig: string): void {
  if (bundles === undefined) {
    bundles = mkdtempSync(join(tmpdir(), 'chef-sync-assembly-'));
    bundleFunctions(bundles, '{}');
  }
  cpSync(bundles, folder, { recursive: true });
  for (const name of FUNCTION_NAMES) writeFileSync(join(folder, name, CONFIG_FILE), packedConfig);
}

/** Starts servers and account, and deploys. `replicas` are the names of the replica servers. */
export async function startAssembledStack(
  deployment: Deployment,
  replicaNames: readonly string[] = ['eu'],
  organizations: readonly string[] = deployment.organizations,
): Promise<AssembledStack> {
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-assembled-'));
  const cloud = await startLocalCloud();
  const { now } = cloud;
  const [primary, ...replicaServers] = await Promise.all([
    startFakeChefServer({ feed: true, organizations, now }),
    ...replicaNames.map(() => startFakeChefServer({ organizations, now })),
  ]);
  const replicas = new Map(replicaNames.map((name, index) => [name, replicaServers[index] ?? primary]));
  cloud.secrets.put('chef-sync/primary', primary.keyPem);
  for (const [name, { keyPem }] of replicas) cloud.secrets.put(`chef-sync/${name}`, keyPem);

  let deployments = 0;
  let stack: SynthesizedStack | undefined;
  const deployed = (): SynthesizedStack => {
    if (stack === undefined) throw new Error('nothing is deployed');
    return stack;
  };
  const tableName = (): string => String(deployed().output('TableName'));
  const deploy = async (next: Deployment): Promise<void> => {
    deployments += 1;
    const own = join(folder, String(deployments));
    mkdirSync(own);
    const config = join(own, 'chef-sync.yaml');
    writeFileSync(config, configuration(next, primary, replicas));
    const app = createApp({ config, stack: STACK }, false, join(own, 'cdk.out'));
    addChefSyncStack(app, bundle);
    stack = readStack(app.synth().directory, STACK);
    await cloud.deploy(stack);
  };
  const invoker = { invoke: async (name: string, event: unknown) => JSON.stringify(await cloud.invoke(name, event)) };
  const operator = openRemoteOperator(STACK, invoker);

  await deploy(deployment);
  return {
    cloud,
    stack: deployed,
    primary,
    replica(name = replicaNames[0] ?? '') {
      const found = replicas.get(name);
      if (found === undefined) throw new Error(`there is no replica ${name}`);
      return found;
    },
    lanes: () =>
      deployed()
        .resources('AWS::SQS::Queue')
        .map(({ properties }) => queueName.parse(properties).QueueName)
        .filter((name) => name.startsWith(`${STACK}-lane-`)),
    deploy,
    sync: (pair) => cloud.whileMapped(() => cloud.fire(pair)),
    tableName,
    ledger: (pair) => createDynamoLedger(createDynamoTable(cloud.dynamo.client, tableName(), systemClock), pair),
    async status(pair) {
      const [status] = await operator.status([pair]);
      if (status === undefined) throw new Error(`status knows nothing of ${pair}`);
      return { status, unsynced: await unsyncedOf(operator, pair) };
    },
    control: (request) => operator.answer(request),
    operator,
    inspector: openRemoteInspector(STACK, { invoker }),
    async [Symbol.asyncDispose]() {
      await cloud[Symbol.asyncDispose]();
      await Promise.all([primary.stop(), ...replicaServers.map((server) => server.stop())]);
      rmSync(folder, { recursive: true });
    },
  };
}

function configuration(
  { organizations, requestsInFlight = 16, inventoryShare = '100%', aws }: Deployment,
  primary: FakeChefServer,
  replicas: ReadonlyMap<string, FakeChefServer>,
): string {
  const server = ({ url, user }: FakeChefServer, secret: string) => ({ url, user, key: { secret } });
  return stringify({
    version: 1,
    primary: server(primary, 'chef-sync/primary'),
    replicas: Object.fromEntries([...replicas].map(([name, replica]) => [name, server(replica, `chef-sync/${name}`)])),
    organizations: organizations.map((source) => ({ source, replica: 'all' })),
    defaults: { inventoryShare, requestsInFlight },
    ...(aws !== undefined && { aws }),
  });
}

/** The configuration that was packed with the functions of a stack. */
export function packedConfigOf({ directory }: SynthesizedStack): PackedConfig {
  const [asset = ''] = readdirSync(directory).filter((name) => name.startsWith('asset.'));
  return unpackConfig(readFileSync(join(directory, asset, CONFIG_FILE), 'utf8'));
}
