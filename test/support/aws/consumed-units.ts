import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';

/** Capacity units of DynamoDB, which on demand are paid one by one. */
export interface ConsumedUnits {
  readonly read: number;
  readonly write: number;
}

const consumedSchema = z.object({ ConsumedCapacity: z.object({ CapacityUnits: z.number() }) });

/** Counts what the client asks for from now on. Answers how much it was so far. */
export function countUnits(client: DynamoDBDocumentClient): () => ConsumedUnits {
  const units = { read: 0, write: 0 };
  client.middlewareStack.add(
    (next) => async (args) => {
      Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
      const result = await next(args);
      const spent = consumedSchema.parse(result.output).ConsumedCapacity.CapacityUnits;
      const isWrite = 'Item' in args.input || !('ConsistentRead' in args.input);
      // A read that finds nothing is paid too; dynalite counts it as nothing.
      units[isWrite ? 'write' : 'read'] += Math.max(spent, 1);
      return result;
    },
    { step: 'initialize' },
  );
  return () => ({ ...units });
}
