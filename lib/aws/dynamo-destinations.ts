import type { DynamoTable } from './dynamo-table.ts';
import { DESTINATIONS_PARTITION, DESTINATIONS_PREFIX, destinationKey } from './row-keys.ts';

/** Which organization each pair of the stack writes to. A poll asks it whether its source is one of them. */
export interface Destinations {
  /** Guids by pair, of every pair that was ever polled. */
  all(): Promise<ReadonlyMap<string, string>>;
  /** Writes only what this process has not written before. */
  note(pair: string, guid: string): Promise<void>;
}

interface DestinationBody {
  readonly pair: string;
  readonly guid: string;
}

/** Rows of one small partition: a poll reads all of them for a unit or two, where the states of all pairs would cost one each. */
export function createDynamoDestinations(table: DynamoTable): Destinations {
  const noted = new Map<string, string>();
  return {
    async all() {
      const rows = await table.query<DestinationBody>({ pk: DESTINATIONS_PARTITION, prefix: DESTINATIONS_PREFIX });
      return new Map(rows.map(({ body }) => [body.pair, body.guid]));
    },
    async note(pair, guid) {
      if (noted.get(pair) === guid) return;
      await table.write<DestinationBody>(destinationKey(pair), { body: { pair, guid } });
      noted.set(pair, guid);
    },
  };
}
