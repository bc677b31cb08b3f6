import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientSettings } from '../../lib/aws/client-settings.ts';
import { createDynamoTable, openDynamo } from '../../lib/aws/dynamo-table.ts';
import { createFunctionLogs } from '../../lib/aws/function-logs.ts';
import { createInvoker } from '../../lib/aws/invoke-function.ts';
import { createSecrets } from '../../lib/aws/secrets.ts';
import { createSqsWorkQueue } from '../../lib/aws/sqs-work-queue.ts';
import type { OutgoingMessage } from '../../lib/model/copy-message.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { ANY_CREDENTIALS, REGION, urlOf } from '../support/aws/local-aws.ts';

/** Takes connections and says nothing, as a service behind a firewall that swallows packets. */
let server: Server;
let settings: { endpoint: string; region: string; credentials: typeof ANY_CREDENTIALS; maxAttempts: number };

beforeAll(async () => {
  server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  settings = {
    endpoint: urlOf(server),
    region: REGION,
    credentials: ANY_CREDENTIALS,
    maxAttempts: 1,
  };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('a service of AWS that does not answer is given up within seconds, not with the time-out of the function', async () => {
  const own = { ...clientSettings(), ...settings };
  const message: OutgoingMessage = {
    pair: 'eu/acme',
    path: '/roles/web',
    version: { epoch: 1, n: 1 },
    phase: 2,
    groupId: 'g',
    deduplicationId: 'd',
  };
  const waits = [
    createDynamoTable(openDynamo(settings), 'table', systemClock).read({ pk: 'a', sk: 'b' }),
    createSecrets(new SecretsManagerClient(own), systemClock).read('chef-sync/eu'),
    createSqsWorkQueue(new SQSClient(own), `${settings.endpoint}/1/lane`).send([message]),
    createFunctionLogs(new CloudWatchLogsClient(own))({ group: 'g', pattern: 'p', from: 0 }),
  ];
  for (const [index, ended] of (await Promise.allSettled(waits)).entries()) {
    expect(ended, String(index)).toMatchObject({ reason: { name: 'TimeoutError' } });
  }
}, 15_000);

test('a function that does not answer is told as a failure, and is not waited for without end', async () => {
  const invoker = createInvoker(settings, 200);

  await expect(invoker.invoke('chef-sync-status', {})).rejects.toThrow(
    'The function chef-sync-status in eu-west-1 cannot be reached',
  );
}, 5_000);
