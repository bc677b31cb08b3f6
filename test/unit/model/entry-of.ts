import type { LedgerEntry } from '../../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../../lib/model/object-path.ts';

/** A pending upsert of `path` that was observed at time 0, with what a test says otherwise. */
export const entryOf = (path: ObjectPath, some: Partial<LedgerEntry> = {}): LedgerEntry => ({
  path,
  version: { epoch: 1, n: 1 },
  action: 'upsert',
  state: 'pending',
  attempts: 0,
  sends: 0,
  nextAttemptAt: 0,
  pendingSince: 0,
  ...some,
});
