import type { LedgerEntry } from '../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../lib/model/object-path.ts';

/** An upsert that waits to be copied since `pendingSince` (ms); `changes` makes any other entry of it. */
export function pendingEntry(path: ObjectPath, pendingSince: number, changes: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    path,
    version: { epoch: 1, n: 1 },
    action: 'upsert',
    state: 'pending',
    attempts: 0,
    sends: 0,
    pendingSince,
    ...changes,
  };
}
