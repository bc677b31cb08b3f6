import { createDynamoLedger } from '../aws/dynamo-ledger.ts';
import { createDynamoPairState } from '../aws/dynamo-pair-state.ts';
import type { DynamoTable } from '../aws/dynamo-table.ts';
import { didYouMean } from '../config/nearest-word.ts';
import type { PackedConfig } from '../config/packed-config.ts';
import { refusal, type SyncError } from '../model/sync-error.ts';
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

/** A name that no pair has, or that cannot be steered any more. */
export function unknownPair(name: string, known: readonly string[]): SyncError {
  const hint = didYouMean(name, known) || `; the pairs are ${known.join(', ')}.`;
  return refusal('PAIR_UNKNOWN', `There is no pair ${name}${hint}`);
}
