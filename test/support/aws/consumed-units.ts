import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';

/** Capacity units of DynamoDB, which on demand are paid one by one. */
export interface ConsumedUnits {
  readonly read: number;
  readonly write: number;
  /** Of the request that took most. */
  readonly largest: number;
}

const consumedSchema = z.object({ ConsumedCapacity: z.object({ CapacityUnits: z.number() }) });

/** Counts what the client asks for from now on. Answers how much it was so far. */
export function countUnits(client: DynamoDBDocumentClient): () => ConsumedUnits {
  const units = { read: 0, write: 0, largest: 0 };
  client.middlewareStack.add(
    (next) => async (args) => {
      Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
      const result = await next(args);
      const { ConsumedCapacity } = consumedSchema.parse(result.output);
      // A read that finds nothing is paid too; dynalite counts it as nothing.
      const spent = Math.max(ConsumedCapacity.CapacityUnits, 1);
      const isWrite = 'Item' in args.input || !('ConsistentRead' in args.input);
      units[isWrite ? 'write' : 'read'] += spent;
      units.largest = Math.max(units.largest, spent);
      return result;
    },
    { step: 'initialize' },
  );
  return () => ({ ...units });
}
