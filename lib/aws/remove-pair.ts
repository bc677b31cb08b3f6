import pMap from 'p-map';
import type { Clock } from '../ports/clock.ts';
import type { DynamoTable } from './dynamo-table.ts';
import { destinationKey, PAIR_PREFIXES, pairPartition, stateKey } from './row-keys.ts';

/** Rows read, and then removed side by side, at a time. */
const ROWS_AT_ONCE = 500;
const REMOVALS_AT_ONCE = 25;

/**
 * Removes every row of a pair, its state and what makes it known last: a removal that is cut goes on when it is asked for again. Stops at
 * the deadline (ms); `isDone` tells whether nothing is left. Nobody may be at work on the pair.
 */
export async function removePair(
  table: DynamoTable,
  pair: string,
  deadline: number,
  clock: Pick<Clock, 'now'>,
): Promise<{ readonly isDone: boolean }> {
  const pk = pairPartition(pair);
  for (const prefix of PAIR_PREFIXES) {
    for (;;) {
      const keys = await table.keys({ pk, prefix }, ROWS_AT_ONCE);
      if (keys.length === 0) break;
      await pMap(keys, (key) => table.remove(key), { concurrency: REMOVALS_AT_ONCE });
      if (clock.now() > deadline) return { isDone: false };
    }
  }
  await table.remove(stateKey(pair));
  await table.remove(destinationKey(pair));
  return { isDone: true };
}
