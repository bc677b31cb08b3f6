import type { Hint } from '../model/hint.ts';
import { type LedgerEntry, unsyncedBucket } from '../model/ledger-entry.ts';
import { NAMED_CONTENT_LIST } from '../model/object-kind.ts';
import { type ListPath, listOf, type ObjectPath, trustedRef } from '../model/object-path.ts';
import type { DeletePlan, ListRow } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import type { Ledger } from '../ports/ledger.ts';
import { numberOf, type StateFile, type StateRow, textOf } from './sqlite-state-file.ts';
import { updateRecord } from './update-record.ts';

/**
 * The ledger of one pair in the state file. Other pairs and other processes may use the file at the same time. Queries name their index:
 * left alone, SQLite reads all entries of the pair to find those of one list.
 */
export function createSqliteLedger(file: StateFile, pairName: string): Ledger {
  const readEntry = (path: ObjectPath): LedgerEntry | undefined => {
    const row = file.row('SELECT body FROM entry WHERE pair = ? AND path = ?', pairName, path);
    return row && entryOf(row);
  };
  const readList = (side: Side, list: ListPath): ListRow | undefined => {
    const row = file.row('SELECT body FROM list WHERE pair = ? AND side = ? AND list = ?', pairName, side, list);
    return row && listRowOf(row);
  };

  return {
    read: async (path) => readEntry(path),

    update: async (path, decide) =>
      updateRecord(
        file,
        () => readEntry(path),
        decide,
        (next) => {
          const bucket = unsyncedBucket(next);
          file.write(
            `INSERT INTO entry (pair, path, list, bucket, since, body) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET bucket = excluded.bucket, since = excluded.since, body = excluded.body`,
            pairName,
            path,
            listOf(trustedRef(path)),
            bucket === undefined ? null : String(bucket),
            bucket === undefined ? null : sinceOf(next),
            JSON.stringify(next),
          );
        },
      ),

    async unsynced(bucket, { limit, after }) {
      const [since, path] = after === undefined ? [-1, ''] : placeOf(after);
      const rows = file.rows(
        `SELECT body FROM entry INDEXED BY entry_unsynced
         WHERE pair = ? AND bucket = ? AND (since, path) > (?, ?) ORDER BY since, path LIMIT ?`,
        pairName,
        String(bucket),
        since,
        path,
        limit,
      );
      const entries = rows.map(entryOf);
      const last = entries.at(-1);
      if (last === undefined || entries.length < limit) return { entries };
      return { entries, next: `${sinceOf(last)}${last.path}` };
    },

    async hasUnsynced() {
      const sql = 'SELECT 1 FROM entry INDEXED BY entry_unsynced WHERE pair = ? AND bucket IS NOT NULL LIMIT 1';
      return file.row(sql, pairName) !== undefined;
    },

    async countUnsynced(bucket) {
      const sql = 'SELECT count(*) AS entries FROM entry INDEXED BY entry_unsynced WHERE pair = ? AND bucket = ?';
      return numberOf(file.row(sql, pairName, String(bucket)), 'entries');
    },

    async entriesOf(list) {
      const sql = 'SELECT body FROM entry INDEXED BY entry_list WHERE pair = ? AND list = ?';
      return file.rows(sql, pairName, list).map(entryOf);
    },

    async versionsOf(cookbook) {
      const first = `${NAMED_CONTENT_LIST}/${cookbook}/`;
      // `0` follows `/`: between both are the paths that begin with `first`.
      const sql = 'SELECT body FROM entry WHERE pair = ? AND path > ? AND path < ?';
      return file.rows(sql, pairName, first, `${first.slice(0, -1)}0`).map(entryOf);
    },

    readList: async (side, list) => readList(side, list),

    updateList: async (side, list, decide) =>
      updateRecord(
        file,
        () => readList(side, list),
        decide,
        (next) =>
          file.write(
            'INSERT OR REPLACE INTO list (pair, side, list, body) VALUES (?, ?, ?, ?)',
            pairName,
            side,
            list,
            JSON.stringify(next),
          ),
      ),

    lists: async (side) =>
      file.rows('SELECT body FROM list WHERE pair = ? AND side = ?', pairName, side).map(listRowOf),

    removeList: async (side, list) =>
      file.write('DELETE FROM list WHERE pair = ? AND side = ? AND list = ?', pairName, side, list),

    hints: async () => file.rows('SELECT body FROM hint WHERE pair = ?', pairName).map(hintOf),

    async writeHint(hint) {
      const sql = 'INSERT OR REPLACE INTO hint (pair, path, id, body) VALUES (?, ?, ?, ?)';
      file.write(sql, pairName, hint.path, hint.id, JSON.stringify(hint));
    },

    removeHint: async ({ path, id }) =>
      file.write('DELETE FROM hint WHERE pair = ? AND path = ? AND id = ?', pairName, path, id),

    plans: async () => file.rows('SELECT body FROM plan WHERE pair = ?', pairName).map(planOf),

    async writePlan(plan) {
      const sql = 'INSERT OR REPLACE INTO plan (pair, id, body) VALUES (?, ?, ?)';
      file.write(sql, pairName, plan.id, JSON.stringify(plan));
    },

    removePlan: async (id) => file.write('DELETE FROM plan WHERE pair = ? AND id = ?', pairName, id),
  };
}

/** The entries of a pair that settled last, newest first. Looks at every entry: for a person who watches, never for a poll. */
export function lastSettled(
  file: StateFile,
  pairName: string,
  limit: number,
): readonly { readonly path: string; readonly action: string; readonly at: number }[] {
  const sql = `SELECT path, body ->> 'action' AS action, body ->> 'settledAt' AS at FROM entry
    WHERE pair = ? AND body ->> 'settledAt' IS NOT NULL ORDER BY at DESC, path LIMIT ?`;
  return file
    .rows(sql, pairName, limit)
    .map((row) => ({ path: textOf(row, 'path'), action: textOf(row, 'action'), at: numberOf(row, 'at') }));
}

// The bodies are this program's own, of the schema version that the file was brought to when it was opened: they are not checked again.
const entryOf = (row: StateRow): LedgerEntry => JSON.parse(textOf(row, 'body'));
const listRowOf = (row: StateRow): ListRow => JSON.parse(textOf(row, 'body'));
const hintOf = (row: StateRow): Hint => JSON.parse(textOf(row, 'body'));
const planOf = (row: StateRow): DeletePlan => JSON.parse(textOf(row, 'body'));

const sinceOf = (entry: LedgerEntry): number => entry.pendingSince ?? 0;

/** The place in a bucket that `next` named: time and path of the last entry; the path begins with the first slash. */
function placeOf(after: string): readonly [since: number, path: string] {
  const slash = after.indexOf('/');
  return [Number(after.slice(0, slash)), after.slice(slash)];
}
