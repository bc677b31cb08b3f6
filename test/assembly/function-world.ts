import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../lib/config/load-config.ts';
import { packConfig, unpackConfig } from '../../lib/config/packed-config.ts';
import type { OperatorAnswer, OperatorRequest } from '../../lib/model/operator-request.ts';
import { unsyncedOf } from '../../lib/runtime/operator.ts';
import { openRemoteOperator } from '../../lib/runtime/remote-operator.ts';
import type { PairStatus } from '../../lib/sync/pair-status.ts';
import type { UnsyncedObject } from '../../lib/sync/unsynced-objects.ts';
import { type DynamoServer, startDynamoServer } from '../support/aws/dynamo-server.ts';
import { type EventSource, eventSource, lambdaContext } from '../support/aws/event-source.ts';
import { type LambdaServer, startLambdaServer } from '../support/aws/lambda-server.ts';
import { ANY_CREDENTIALS, REGION } from '../support/aws/local-aws.ts';
import { type LogsServer, startLogsServer } from '../support/aws/logs-server.ts';
import { type SecretsServer, startSecretsServer } from '../support/aws/secrets-server.ts';
import { type SqsServer, startSqsServer } from '../support/aws/sqs-server.ts';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';

type Functions = Readonly<{
  poller: typeof import('../../functions/poller.ts').handler;
  copier: typeof import('../../functions/copier.ts').handler;
  inspector: typeof import('../../functions/inspector.ts').handler;
  status: typeof import('../../functions/status.ts').handler;
  control: typeof import('../../functions/control.ts').handler;
}>;

/** Functions of a stack in this process, on local stand-ins of AWS, between two fake Chef servers; one pair, `eu/acme`. */
export interface FunctionWorld extends AsyncDisposable {
  readonly primary: FakeChefServer;
  readonly replica: FakeChefServer;
  readonly secrets: SecretsServer;
  readonly sqs: SqsServer;
  readonly dynamo: DynamoServer;
  readonly functions: Functions;
  /** `Invoke` of `stack-status`, `stack-control` and `stack-inspector`. */
  readonly lambda: LambdaServer;
  readonly logs: LogsServer;
  readonly lane: EventSource;
  /** Fires the schedule; copiers work until the poll has ended and nothing is left. */
  sync(): Promise<void>;
  /** Fires the schedule, and nobody copies: the poll sends what is due and is stopped. */
  pollAlone(): Promise<void>;
  status(): Promise<{ readonly status: PairStatus; readonly unsynced: readonly UnsyncedObject[] }>;
  /** Gives every slice of the inspector that much time. */
  hurryInspector(seconds: number): void;
  control(request: OperatorRequest): Promise<readonly OperatorAnswer[]>;
}

/** Name of the stack's table. */
export const TABLE = 'stack-table';

/** Leaves a poll, which wants 60 s before its time-out for its last step, only a moment. */
const HURRIED_SECONDS = 62;

/** Starts everything and loads the functions as a cold start would. */
export async function startFunctionWorld(): Promise<FunctionWorld> {
  const [primary, replica, dynamo, sqs, secrets, logs] = await Promise.all([
    startFakeChefServer({ feed: true }),
    startFakeChefServer(),
    startDynamoServer(),
    startSqsServer(),
    startSecretsServer(),
    startLogsServer(),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-functions-'));
  const packed = packConfig(
    parseConfig(configuration(primary, replica), { file: 'chef-sync.yaml', home: 'aws', readFile: unreadable }),
    unreadable,
  );
  const configFile = join(folder, 'chef-sync.json');
  writeFileSync(configFile, packed);
  const lane = unpackConfig(packed).pairs[0]?.lane ?? '';

  await dynamo.createTable(TABLE);
  const laneUrl = await sqs.createQueue(`stack-lane-${lane}.fifo`);
  secrets.put('chef-sync/primary', primary.keyPem);
  secrets.put('chef-sync/eu', replica.keyPem);
  secrets.put('stack-fingerprints', 'a generated secret of sixty-four characters');

  const environment = {
    CHEF_SYNC_TABLE: TABLE,
    CHEF_SYNC_CONFIG: configFile,
    CHEF_SYNC_QUEUE_PREFIX: sqs.queueUrl('stack-lane-'),
    CHEF_SYNC_FINGERPRINT_SECRET: 'stack-fingerprints',
    CHEF_SYNC_LOG_PREFIX: '/aws/lambda/stack-',
    CHEF_SYNC_INSPECTOR: 'stack-inspector',
    POWERTOOLS_SERVICE_NAME: 'stack',
    POWERTOOLS_METRICS_NAMESPACE: 'ChefSync',
    POWERTOOLS_METRICS_DISABLED: 'true',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: ANY_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ANY_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    AWS_ENDPOINT_URL_SQS: sqs.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.resetModules();
  const functions: Functions = {
    poller: (await import('../../functions/poller.ts')).handler,
    copier: (await import('../../functions/copier.ts')).handler,
    inspector: (await import('../../functions/inspector.ts')).handler,
    status: (await import('../../functions/status.ts')).handler,
    control: (await import('../../functions/control.ts')).handler,
  };
  let inspectorSeconds = 300;
  const lambda = await startLambdaServer({
    'stack-inspector': (event) => functions.inspector(event, lambdaContext('inspector', inspectorSeconds)),
    'stack-status': (event) => functions.status(event, lambdaContext('status')),
    'stack-control': (event) => functions.control(event, lambdaContext('control')),
  });
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', lambda.url);
  const source = eventSource(sqs, laneUrl);
  const poll = (timeoutSeconds: number): Promise<unknown> =>
    functions.poller({ pair: 'eu/acme' }, lambdaContext('poller', timeoutSeconds));

  return {
    primary,
    replica,
    secrets,
    sqs,
    dynamo,
    functions,
    lambda,
    logs,
    lane: source,
    async sync() {
      let isPolling = true;
      const polled = poll(300).finally(() => {
        isPolling = false;
      });
      while (isPolling) {
        if ((await source.drain(functions.copier)) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await polled;
    },
    async pollAlone() {
      await poll(HURRIED_SECONDS);
    },
    async status() {
      const operator = openRemoteOperator('stack');
      const [status] = await operator.status(['eu/acme']);
      if (status === undefined) throw new Error('status knows no pair');
      return { status, unsynced: await unsyncedOf(operator, 'eu/acme') };
    },
    hurryInspector(seconds) {
      inspectorSeconds = seconds;
    },
    control: (request) => openRemoteOperator('stack').answer(request),
    async [Symbol.asyncDispose]() {
      await lambda.idle();
      vi.unstubAllEnvs();
      dynamo.stop();
      secrets.stop();
      lambda.stop();
      logs.stop();
      await Promise.all([sqs.stop(), primary.stop(), replica.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}

function configuration(primary: FakeChefServer, replica: FakeChefServer): string {
  const server = ({ url, user }: FakeChefServer, secret: string) => ({ url, user, key: { secret } });
  return stringify({
    version: 1,
    primary: server(primary, 'chef-sync/primary'),
    replicas: { eu: server(replica, 'chef-sync/eu') },
    organizations: [{ source: 'acme', replica: 'eu' }],
    // A pass begins as soon as the one before has ended.
    defaults: { inventoryShare: '100%' },
  });
}

const unreadable = (path: string): never => {
  throw new Error(`${path} was read`);
};
