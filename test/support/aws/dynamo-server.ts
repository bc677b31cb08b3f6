import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import dynaliteDb, { type Item, type Store } from 'dynalite/db/index.js';
import { openDynamo, UNSYNCED_INDEX } from '../../../lib/aws/dynamo-table.ts';
import { ANY_CREDENTIALS, type CallListener, callerOf, localArn, REGION, textOf, urlOf } from './local-aws.ts';

/** DynamoDB in this process, in memory, on a free port of 127.0.0.1. */
export interface DynamoServer {
  readonly url: string;
  readonly client: DynamoDBDocumentClient;
  /** Makes an empty table with the keys and the local index of the product. */
  createTable(name: string): Promise<void>;
  /** Puts items that are in no index straight into the store: some 100,000 of them would take the API minutes. */
  load(tableName: string, items: readonly Item[]): Promise<void>;
  /** Requests so far, and the bytes of the answers to them: 4 KB that are read consistently cost a read unit. */
  traffic(): { readonly requests: number; readonly bytes: number };
  stop(): void;
}

/** Starts dynalite. It sends no `Item` with a failed condition, never throttles, and removes nothing whose time to live is over. */
export async function startDynamoServer(onCall?: CallListener): Promise<DynamoServer> {
  const [server, store] = startDynalite();
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
    async load(tableName, items) {
      const table = await promisify(store.getTable)(tableName);
      const puts = items.map((value) => ({ type: 'put' as const, key: dynaliteDb.createKey(value, table), value }));
      const itemDb = store.getItemDb(tableName);
      await promisify(itemDb.batch)(puts);
    },
    traffic: () => ({ ...traffic }),
    stop() {
      client.destroy();
      server.close();
    },
  };
}

/** The server, and the store that it makes for itself and shows to nobody. */
function startDynalite(): readonly [ReturnType<typeof dynalite>, Store] {
  const { create } = dynaliteDb;
  let store: Store | undefined;
  dynaliteDb.create = (options) => {
    store = create(options);
    return store;
  };
  try {
    const server = dynalite({ createTableMs: 0 });
    if (store === undefined) throw new Error('dynalite made no store');
    return [server, store];
  } finally {
    dynaliteDb.create = create;
  }
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
