import { randomBytes } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { ConditionalCheckFailedException, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  type GetCommandOutput,
  PutCommand,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../ports/clock.ts';
import type { UpdateResult } from '../ports/ledger.ts';
import { clientSettings } from './client-settings.ts';

/** Name of the local index of unsynced entries, and of its sort key. */
export const UNSYNCED_INDEX = 'unsynced';

/** Primary key of a row. Sort keys are ASCII without `~`, which ends every range. */
export interface RowKey {
  readonly pk: string;
  readonly sk: string;
}

/** What a row has beside its key and body. */
export interface RowAttributes {
  /** Sort key in the local index; rows without it are not in the index. */
  readonly unsynced?: string;
  /** Seconds since 1970 after which the row counts as gone and DynamoDB removes it, within days. */
  readonly expiresAt?: number;
  /** Version of the body's shape, where it matters. */
  readonly schema?: number;
}

/** A row as it was read. */
export interface Row<Body> extends RowAttributes {
  readonly body: Body;
}

/** Rows of one partition whose sort key (or key in the local index) begins with `prefix`, behind `after`. */
export interface RowRange {
  readonly pk: string;
  readonly prefix: string;
  readonly after?: string;
  readonly isIndex?: boolean;
}

/** The one table, as far as the adapters need it: rows with a body, read consistently, replaced by compare-and-swap. Never scans. */
export interface DynamoTable {
  read<Body>(key: RowKey): Promise<Row<Body> | undefined>;
  /**
   * Replaces the row by `decide(row as it is now)`: writes only if nobody else wrote in between, else reads and decides again. Undefined
   * leaves the row untouched. Rejects when it lost the race too often, with nothing written.
   */
  update<Body>(
    key: RowKey,
    decide: (row: Row<Body> | undefined) => Row<Body> | undefined,
  ): Promise<UpdateResult<Row<Body>>>;
  /** Replaces the row whatever it was. */
  write<Body>(key: RowKey, row: Row<Body>): Promise<void>;
  remove(key: RowKey): Promise<void>;
  /** Removes the row if its body still has that `id`. */
  removeById(key: RowKey, id: string): Promise<void>;
  /** At most `limit` rows in the order of their keys; all of them without a limit. */
  query<Body>(range: RowRange, limit?: number): Promise<readonly Row<Body>[]>;
  /** Keys of at most `limit` rows, expired ones too. */
  keys(range: RowRange, limit: number): Promise<readonly RowKey[]>;
  count(range: RowRange): Promise<number>;
}

/** A body that does not fit into a row of DynamoDB, however packed. Nothing was written. */
export class RowTooLargeError extends Error {
  constructor({ pk, sk }: RowKey, bytes: number) {
    super(`${pk} ${sk} has ${bytes} bytes even when compressed, and DynamoDB takes no row above 400 KB`);
    this.name = 'RowTooLargeError';
  }
}

/**
 * A write costs a unit per kilobyte: a body that would take more than one, with its keys, is compressed. That makes half of the state of a
 * pair, which every poll writes, and a tenth of a list of names. Entries of the ledger stay readable.
 */
const LARGEST_PLAIN_BODY = 900;
/** 400 KB are the limit of a row; key, index key and revision need a few more than 2 KB at most. */
const LARGEST_PACKED_BODY = 390 * 1024;
/** Races that one update may lose. Eight writers at once need about eight; a number above says that something is wrong. */
const MOST_RACES = 30;
/** Longest pause after the first lost race; grows with each further one. */
const RACE_PAUSE_MS = 10;
/** Tries of a request that DynamoDB throttles or that gets no answer; the SDK waits between them. */
const REQUEST_TRIES = 8;

/** The client that {@link createDynamoTable} wants. */
export function openDynamo(config: DynamoDBClientConfig = {}): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(
    new DynamoDBClient({ ...clientSettings(), maxAttempts: REQUEST_TRIES, ...config }),
    {
      marshallOptions: { removeUndefinedValues: true },
    },
  );
}

/** The table `tableName`, with the keys and the local index that `functions/README.md` describes. */
export function createDynamoTable(client: DynamoDBDocumentClient, tableName: string, clock: Clock): DynamoTable {
  const inTurn = turns();

  const isExpired = ({ expiresAt }: StoredRow): boolean => expiresAt !== undefined && expiresAt * 1000 <= clock.now();

  const readStored = async ({ pk, sk }: RowKey): Promise<StoredRow | undefined> => {
    const { Item } = await client.send(new GetCommand({ TableName: tableName, Key: { pk, sk }, ConsistentRead: true }));
    return Item;
  };

  const rowOf = <Body>(stored: StoredRow | undefined): Row<Body> | undefined =>
    stored === undefined || isExpired(stored) ? undefined : unpacked(stored);

  /** Whether the row was as `seen` and is now the new one. */
  const put = async (item: StoredRow, seen: StoredRow | undefined): Promise<boolean> => {
    try {
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: item,
          ...(seen === undefined
            ? // Nobody made the row since it was read as missing.
              { ConditionExpression: 'attribute_not_exists(pk)' }
            : // Nobody wrote the row since it was read: every write has a revision of its own.
              { ConditionExpression: 'rev = :seen', ExpressionAttributeValues: { ':seen': seen['rev'] } }),
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  };

  const pages = async function* (range: RowRange, select: 'rows' | 'count', limit?: number) {
    const { pk, prefix, after, isIndex = false } = range;
    let found = 0;
    let startKey: Record<string, unknown> | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          ConsistentRead: true,
          IndexName: isIndex ? UNSYNCED_INDEX : undefined,
          KeyConditionExpression: 'pk = :pk AND #key BETWEEN :from AND :to',
          ExpressionAttributeNames: { '#key': isIndex ? UNSYNCED_INDEX : 'sk' },
          // A space sorts before every character of a key: the first key of all, or behind `after` and whatever continues it.
          ExpressionAttributeValues: {
            ':pk': pk,
            ':from': after === undefined ? prefix || ' ' : `${after} `,
            ':to': `${prefix}~`,
          },
          Select: select === 'count' ? 'COUNT' : undefined,
          Limit: limit === undefined ? undefined : limit - found,
          ExclusiveStartKey: startKey,
        }),
      );
      found += page.Count ?? 0;
      yield page;
      startKey = page.LastEvaluatedKey;
    } while (startKey !== undefined && (limit === undefined || found < limit));
  };

  return {
    read: async (key) => rowOf(await readStored(key)),

    update: <Body>(key: RowKey, decide: (row: Row<Body> | undefined) => Row<Body> | undefined) =>
      // Updates of one row by this process wait for each other: they would only make each other lose.
      inTurn(`${key.pk} ${key.sk}`, async (): Promise<UpdateResult<Row<Body>>> => {
        let tried: { readonly rev: string; readonly row: Row<Body> } | undefined;
        for (let races = 0; races < MOST_RACES; races += 1) {
          if (races > 0) await clock.sleep(clock.random() * races * RACE_PAUSE_MS);
          const stored = await readStored(key);
          // The answer to our write got lost, the SDK repeated it, and the repetition met our own revision.
          if (tried !== undefined && stored?.['rev'] === tried.rev) return { isChanged: true, entry: tried.row };
          const row = rowOf<Body>(stored);
          const next = decide(row);
          if (next === undefined) return { isChanged: false, entry: row };
          const item = packed(key, next);
          if (await put(item, stored)) return { isChanged: true, entry: next };
          tried = { rev: item['rev'], row: next };
        }
        throw new Error(`${key.pk} ${key.sk} was written by others ${MOST_RACES} times while it was to be updated`);
      }),

    async write(key, row) {
      await client.send(new PutCommand({ TableName: tableName, Item: packed(key, row) }));
    },

    async remove({ pk, sk }) {
      await client.send(new DeleteCommand({ TableName: tableName, Key: { pk, sk } }));
    },

    async removeById({ pk, sk }, id) {
      try {
        await client.send(
          new DeleteCommand({
            TableName: tableName,
            Key: { pk, sk },
            // It is still the row that was read: a later one has another id and stays.
            ConditionExpression: 'body.id = :id',
            ExpressionAttributeValues: { ':id': id },
          }),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    },

    async query<Body>(range: RowRange, limit?: number) {
      const rows: Row<Body>[] = [];
      for await (const { Items = [] } of pages(range, 'rows', limit)) {
        for (const item of Items) {
          const row = rowOf<Body>(item);
          if (row !== undefined) rows.push(row);
        }
      }
      return rows;
    },

    async keys(range, limit) {
      const keys: RowKey[] = [];
      for await (const { Items = [] } of pages(range, 'rows', limit)) {
        keys.push(...Items.map(({ pk, sk }) => ({ pk: String(pk), sk: String(sk) })));
      }
      return keys;
    },

    async count(range) {
      let count = 0;
      for await (const { Count = 0 } of pages(range, 'count')) count += Count;
      return count;
    },
  };
}

/** Attributes of a row as DynamoDB keeps it: `rev`, which changes with every write, and `body`, or `packed` when it is compressed. */
type StoredRow = NonNullable<GetCommandOutput['Item']>;

// Rows are this program's own, of the schema version that its state carries: they are not checked again.
function unpacked<Body>({ body, packed: bytes, unsynced, expiresAt, schema }: StoredRow): Row<Body> {
  const content = bytes === undefined ? body : JSON.parse(brotliDecompressSync(bytes).toString('utf8'));
  return { body: content, unsynced, expiresAt, schema };
}

function packed(key: RowKey, { body, ...attributes }: Row<unknown>): StoredRow {
  const rev = randomBytes(9).toString('base64url');
  const text = Buffer.from(JSON.stringify(body));
  if (text.length <= LARGEST_PLAIN_BODY) return { ...key, ...attributes, rev, body };
  // The fastest qualities make lists of names only a little larger than the best one, which takes seconds for a megabyte.
  const bytes = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  if (bytes.length > LARGEST_PACKED_BODY) throw new RowTooLargeError(key, bytes.length);
  return { ...key, ...attributes, rev, packed: bytes };
}

/** Runs work under one name one after the other, and work under different names side by side. */
function turns(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = last.get(name);
    const mine = (async () => {
      // Whether it failed is the business of those who asked for it.
      await before?.catch(() => undefined);
      return await work();
    })();
    last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (last.get(name) === mine) last.delete(name);
    }
  };
}
