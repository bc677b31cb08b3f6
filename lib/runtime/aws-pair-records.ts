import { createDynamoLedger } from '../aws/dynamo-ledger.ts';
import { createDynamoPairState } from '../aws/dynamo-pair-state.ts';
import type { DynamoTable } from '../aws/dynamo-table.ts';
import type { PackedConfig } from '../config/packed-config.ts';
import type { Clock } from '../ports/clock.ts';
import type { PairRecords } from '../sync/pair-context.ts';
import { pairRules } from './pair-rules.ts';

/** Finds the records of a configured pair by its name; each pair's are made once. Undefined: the pair is not configured. */
export function awsPairRecords(
  config: PackedConfig,
  table: DynamoTable,
  clock: Clock,
): (name: string) => PairRecords | undefined {
  const made = new Map<string, PairRecords>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const pair = config.pairs.find((one) => one.name === name);
    if (pair === undefined) return undefined;
    const records: PairRecords = {
      pair: name,
      rules: pairRules(pair.settings),
      ledger: createDynamoLedger(table, name),
      state: createDynamoPairState(table, name),
      clock,
    };
    made.set(name, records);
    return records;
  };
}
