import { readCopyMessage } from '../aws/copy-message-body.ts';
import { createDynamoLedger } from '../aws/dynamo-ledger.ts';
import type { Log } from '../sync/pair-context.ts';
import { parkMessage } from '../sync/park-message.ts';
import type { DeliveredRecord } from './aws-copier.ts';
import { openTable } from './aws-environment.ts';
import type { LogOf } from './aws-pair-contexts.ts';
import { systemClock } from './system-clock.ts';

/** What became of a batch of dead letters. */
export interface ParkReport {
  /** Objects that are parked now; the other messages were superseded or none of ours. */
  readonly parked: number;
  /** Why the ledger could not be told of the other messages. */
  readonly problem?: Error;
}

/** Parks the objects of dead letters. */
export interface Parker {
  /** One after the other, until the ledger cannot be written. Parking an object again changes nothing. */
  park(records: readonly Pick<DeliveredRecord, 'id' | 'body'>[]): Promise<ParkReport>;
}

/** Makes everything that every batch of this execution environment shares. Needs no configuration: a dead letter says whose it is. */
export function openAwsParker(logOf: LogOf, log: Log): Parker {
  const table = openTable();
  return {
    async park(records) {
      let parked = 0;
      for (const { id, body } of records) {
        const message = readCopyMessage(body);
        if (message === undefined) {
          log('error', 'a dead letter is none of ours and is removed', { message: id });
          continue;
        }
        const ledger = createDynamoLedger(table, message.pair);
        try {
          if (!(await parkMessage({ ledger, clock: systemClock }, message))) continue;
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          return { parked, problem: new Error(`a dead letter cannot be parked: ${text}`, { cause: error }) };
        }
        parked += 1;
        logOf(message.pair)('warn', 'parked: no copier came to an end with it', { path: message.path });
      }
      return { parked };
    },
  };
}
