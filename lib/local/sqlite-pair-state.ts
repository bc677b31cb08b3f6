import type { PairState } from '../model/pair-state.ts';
import type { PairStateStore } from '../ports/pair-state.ts';
import { type StateFile, textOf } from './sqlite-state-file.ts';
import { updateRecord } from './update-record.ts';

/** The state record of one pair in the state file. */
export function createSqlitePairState(file: StateFile, pairName: string): PairStateStore {
  const readState = (): PairState | undefined => {
    const row = file.row('SELECT body FROM pair WHERE name = ?', pairName);
    return row && JSON.parse(textOf(row, 'body'));
  };

  return {
    read: async () => readState(),
    update: async (decide) =>
      updateRecord(file, readState, decide, (next) =>
        file.write('INSERT OR REPLACE INTO pair (name, body) VALUES (?, ?)', pairName, JSON.stringify(next)),
      ),
  };
}

/** Names of all pairs that were ever polled with this file, sorted; those no longer configured are among them. */
export function listPairs(file: StateFile): readonly string[] {
  return file.rows('SELECT name FROM pair ORDER BY name').map((row) => textOf(row, 'name'));
}

/** Removes everything the file knows of a pair, at once. Other pairs and both Chef servers stay as they are. */
export function forgetPair(file: StateFile, pairName: string): void {
  file.transaction(() => {
    file.write('DELETE FROM pair WHERE name = ?', pairName);
    for (const table of ['entry', 'list', 'hint', 'plan']) file.write(`DELETE FROM ${table} WHERE pair = ?`, pairName);
  });
}
