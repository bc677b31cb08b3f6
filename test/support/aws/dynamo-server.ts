import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { openDynamo, UNSYNCED_INDEX } from '../../../lib/aws/dynamo-table.ts';
import { ANY_CREDENTIALS, type CallListener, callerOf, localArn, REGION, textOf, urlOf } from './local-aws.ts';

/** DynamoDB in this process, in memory, on a free port of 127.0.0.1. */
export interface DynamoServer {
  readonly url: string;
  readonly client: DynamoDBDocumentClient;
  /** Makes an empty table with the keys and the local index of the product. */
  createTable(name: string): Promise<void>;
  /** Requests so far, and the bytes of the answers to them: 4 KB that are read consistently cost a read unit. */
  traffic(): { readonly requests: number; readonly bytes: number };
  stop(): void;
}

/** Starts dynalite. It sends no `Item` with a failed condition, never throttles, and removes nothing whose time to live is over. */
export async function startDynamoServer(onCall?: CallListener): Promise<DynamoServer> {
  const server = dynalite({ createTableMs: 0 });
  const traffic = { requests: 0, bytes: 0 };
  server.prependListener('request', (request, response) => {
    traffic.requests += 1;
    if (onCall !== undefined) tell(request, onCall);
    response.once('finish', () => {
      traffic.bytes += Number(response.getHeader('content-length') ?? 0);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = urlOf(server);
  const client = openDynamo({ endpoint: url, region: REGION, credentials: ANY_CREDENTIALS });
  return {
    url,
    client,
    async createTable(name) {
      const key = (hash: string, range: string) => [
        { AttributeName: hash, KeyType: 'HASH' as const },
        { AttributeName: range, KeyType: 'RANGE' as const },
      ];
      await client.send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: key('pk', 'sk'),
          AttributeDefinitions: ['pk', 'sk', UNSYNCED_INDEX].map((AttributeName) => ({
            AttributeName,
            AttributeType: 'S',
          })),
          LocalSecondaryIndexes: [
            {
              IndexName: UNSYNCED_INDEX,
              KeySchema: key('pk', UNSYNCED_INDEX),
              Projection: { ProjectionType: 'ALL' },
            },
          ],
        }),
      );
    },
    traffic: () => ({ ...traffic }),
    stop() {
      client.destroy();
      server.close();
    },
  };
}

/** Reads the body beside the server itself, which begins to in the same turn. */
function tell(request: IncomingMessage, onCall: CallListener): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
    const [table, index] = [textOf(body, 'TableName'), textOf(body, 'IndexName')];
    onCall({
      caller: callerOf(request.headers.authorization),
      action: `dynamodb:${String(request.headers['x-amz-target']).split('.')[1]}`,
      resource: localArn('dynamodb', `table/${table}${index === '' ? '' : `/index/${index}`}`),
    });
  });
}
