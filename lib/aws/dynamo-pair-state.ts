import type { PairState } from '../model/pair-state.ts';
import { SyncError } from '../model/sync-error.ts';
import type { PairStateStore } from '../ports/pair-state.ts';
import type { DynamoTable, Row } from './dynamo-table.ts';
import { stateKey } from './row-keys.ts';

/** Version of everything in a pair's partition. A change of its shape raises it and is migrated when the state is read. */
const SCHEMA_VERSION = 1;

/** The state record of one pair in the table. A state of a newer version is refused with a `SyncError`, and left untouched. */
export function createDynamoPairState(table: DynamoTable, pairName: string): PairStateStore {
  const known = (row: Row<PairState> | undefined): PairState | undefined => {
    if ((row?.schema ?? SCHEMA_VERSION) > SCHEMA_VERSION) {
      throw new SyncError(
        `The state of ${pairName} is of version ${row?.schema}, and these functions know versions up to ${SCHEMA_VERSION}: deploy the newer chef-sync again.`,
        { code: 'STATE_NEWER', scope: 'pair', retry: 'never' },
      );
    }
    return row?.body;
  };
  return {
    read: async () => known(await table.read<PairState>(stateKey(pairName))),
    async update(decide) {
      const { isChanged, entry } = await table.update<PairState>(stateKey(pairName), (row) => {
        const next = decide(known(row));
        return next && { body: next, schema: SCHEMA_VERSION };
      });
      return { isChanged, entry: entry?.body };
    },
  };
}
