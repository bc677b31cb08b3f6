import type { Hint } from '../model/hint.ts';
import { type LedgerEntry, unsyncedBucket } from '../model/ledger-entry.ts';
import type { ObjectPath } from '../model/object-path.ts';
import type { DeletePlan, ListRow } from '../model/pair-state.ts';
import type { Ledger } from '../ports/ledger.ts';
import { type DynamoTable, type Row, RowTooLargeError } from './dynamo-table.ts';
import {
  bucketPrefix,
  entriesPrefix,
  entryKey,
  HINTS_PREFIX,
  hintKey,
  listKey,
  listsPrefix,
  PLANS_PREFIX,
  pairPartition,
  planKey,
  unsyncedKey,
  versionsPrefix,
} from './row-keys.ts';

/**
 * A settled tombstone remembers the version and the feed id of a deleted object; a month later no event and no message of it is under way
 * any more. Live entries stay for ever: only what the ledger knows to be ours is ever deleted.
 */
const TOMBSTONE_LIFE_SECONDS = 30 * 24 * 60 * 60;

/** A pair that was not polled for a day finds what it was told of by its inventory. */
const HINT_LIFE_SECONDS = 24 * 60 * 60;

/** The ledger of one pair in the table. Other pairs, and copiers of this one, use the table at the same time. */
export function createDynamoLedger(table: DynamoTable, pairName: string): Ledger {
  const pk = pairPartition(pairName);
  const bodies = <Body>(rows: readonly Row<Body>[]): readonly Body[] => rows.map(({ body }) => body);

  return {
    read: async (path) => (await table.read<LedgerEntry>(entryKey(pairName, path)))?.body,

    async update(path, decide) {
      const { isChanged, entry } = await table.update<LedgerEntry>(entryKey(pairName, path), (row) => {
        const next = decide(row?.body);
        return next && entryRow(path, next);
      });
      return { isChanged, entry: entry?.body };
    },

    async unsynced(bucket, { limit, after }) {
      const range = { pk, prefix: bucketPrefix(bucket), after, isIndex: true };
      const rows = await table.query<LedgerEntry>(range, limit);
      const last = rows.at(-1);
      return rows.length < limit ? { entries: bodies(rows) } : { entries: bodies(rows), next: last?.unsynced };
    },

    hasUnsynced: async () => (await table.keys({ pk, prefix: '', isIndex: true }, 1)).length > 0,

    countUnsynced: (bucket) => table.count({ pk, prefix: bucketPrefix(bucket), isIndex: true }),

    entriesOf: async (list) => bodies(await table.query<LedgerEntry>({ pk, prefix: entriesPrefix(list) })),

    versionsOf: async (cookbook) => bodies(await table.query<LedgerEntry>({ pk, prefix: versionsPrefix(cookbook) })),

    readList: async (side, list) => (await table.read<ListRow>(listKey(pairName, side, list)))?.body,

    async updateList(side, list, decide) {
      const key = listKey(pairName, side, list);
      try {
        const { isChanged, entry } = await table.update<ListRow>(key, (row) => bodyRow(decide(row?.body)));
        return { isChanged, entry: entry?.body };
      } catch (error) {
        if (!(error instanceof RowTooLargeError)) throw error;
        // Some 100,000 frozen versions: without their names the next reading reads them all again, which is slow and never wrong.
        const { isChanged, entry } = await table.update<ListRow>(key, (row) =>
          bodyRow(withoutFrozen(decide(row?.body))),
        );
        return { isChanged, entry: entry?.body };
      }
    },

    lists: async (side) => bodies(await table.query<ListRow>({ pk, prefix: listsPrefix(side) })),

    removeList: (side, list) => table.remove(listKey(pairName, side, list)),

    hints: async () => bodies(await table.query<Hint>({ pk, prefix: HINTS_PREFIX })),

    writeHint: (hint) =>
      table.write(hintKey(pairName, hint.path), {
        body: hint,
        expiresAt: Math.ceil(hint.at / 1000) + HINT_LIFE_SECONDS,
      }),

    removeHint: ({ path, id }) => table.removeById(hintKey(pairName, path), id),

    plans: async () => bodies(await table.query<DeletePlan>({ pk, prefix: PLANS_PREFIX })),

    writePlan: (plan) => table.write(planKey(pairName, plan.id), { body: plan }),

    removePlan: (id) => table.remove(planKey(pairName, id)),
  };
}

function entryRow(path: ObjectPath, entry: LedgerEntry): Row<LedgerEntry> {
  const bucket = unsyncedBucket(entry);
  if (bucket !== undefined) return { body: entry, unsynced: unsyncedKey(bucket, entry.pendingSince ?? 0, path) };
  if (entry.action !== 'delete' || entry.settledAt === undefined) return { body: entry };
  return { body: entry, expiresAt: Math.ceil(entry.settledAt / 1000) + TOMBSTONE_LIFE_SECONDS };
}

const bodyRow = <Body>(body: Body | undefined): Row<Body> | undefined => (body === undefined ? undefined : { body });

const withoutFrozen = (row: ListRow | undefined): ListRow | undefined => row && { ...row, frozen: undefined };
