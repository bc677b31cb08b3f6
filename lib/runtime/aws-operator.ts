import { createDynamoDestinations } from '../aws/dynamo-destinations.ts';
import { createDynamoLedger } from '../aws/dynamo-ledger.ts';
import { createDynamoPairState } from '../aws/dynamo-pair-state.ts';
import type { OperatorAnswer } from '../model/operator-request.ts';
import { SyncError } from '../model/sync-error.ts';
import { answerOperator } from '../sync/answer-operator.ts';
import type { PairRecords } from '../sync/pair-context.ts';
import { type PairStatus, pairStatus } from '../sync/pair-status.ts';
import { type UnsyncedObject, unsyncedObjects } from '../sync/unsynced-objects.ts';
import { openTable, readPackedConfig } from './aws-environment.ts';
import { awsPairRecords } from './aws-pair-records.ts';
import { readOperatorRequest, readStatusRequest } from './operator-request-schema.ts';
import { pairRules } from './pair-rules.ts';
import { systemClock } from './system-clock.ts';

/** Objects of one pair in an answer: some 250 bytes each, and Lambda answers no more than 6 MB. The counts tell of all. */
const MOST_UNSYNCED = 2_000;

/** One pair of a status answer. */
export interface StatusAnswer {
  readonly status: PairStatus;
  /** Asked for with `unsynced`; the first ones by path when there are very many. */
  readonly unsynced?: readonly UnsyncedObject[];
}

/** Answers operators how pairs are. Reads the table alone: no Chef server, no key, nothing is written. */
export function openAwsStatus(): (event: unknown) => Promise<readonly StatusAnswer[]> {
  const config = readPackedConfig();
  const table = openTable();
  const destinations = createDynamoDestinations(table);
  const rules = new Map(config.pairs.map((pair) => [pair.name, pairRules(pair.settings)]));
  return async (event) => {
    const request = readStatusRequest(event);
    const polled = [...(await destinations.all()).keys()];
    const known = new Set([...rules.keys(), ...polled]);
    const names = request.pairs ?? [...known];
    for (const name of names) if (!known.has(name)) throw unknownPair(name, [...known]);
    return await Promise.all(
      names.map(async (pair): Promise<StatusAnswer> => {
        const ledger = createDynamoLedger(table, pair);
        const status = await pairStatus({
          pair,
          ledger,
          state: createDynamoPairState(table, pair),
          now: systemClock.now(),
          pollSeconds: rules.get(pair)?.pollSeconds,
          filterHash: rules.get(pair)?.filterHash,
        });
        if (request.unsynced !== true) return { status };
        return { status, unsynced: (await unsyncedObjects(ledger)).slice(0, MOST_UNSYNCED) };
      }),
    );
  };
}

/** Does what operators ask. Writes the table alone; polls and copiers act on it. */
export function openAwsControl(): (event: unknown) => Promise<readonly OperatorAnswer[]> {
  const config = readPackedConfig();
  const recordsOf = awsPairRecords(config, openTable(), systemClock);
  const known = (name: string): PairRecords => {
    const records = recordsOf(name);
    if (records !== undefined) return records;
    throw unknownPair(
      name,
      config.pairs.map((pair) => pair.name),
    );
  };
  return (event) => answerOperator(readOperatorRequest(event), known);
}

const unknownPair = (name: string, known: readonly string[]): SyncError =>
  new SyncError(`There is no pair ${name}; the pairs are ${known.join(', ')}.`, {
    code: 'PAIR_UNKNOWN',
    scope: 'pair',
    retry: 'never',
  });
