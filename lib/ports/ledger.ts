import type { Hint } from '../model/hint.ts';
import type { LedgerEntry, UnsyncedBucket } from '../model/ledger-entry.ts';
import type { ListPath, ObjectPath } from '../model/object-path.ts';
import type { DeletePlan, ListRow } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';

/** What an atomic update did. `entry` is the row as it is now; `isChanged` is false when `decide` answered undefined. */
export interface UpdateResult<T> {
  readonly isChanged: boolean;
  readonly entry: T | undefined;
}

/** The ledger of one pair: an entry per object, digests of lists, plans of held deletes. The truth; queues only wake copiers up. */
export interface Ledger {
  /** Always reads the last acknowledged write. */
  read(path: ObjectPath): Promise<LedgerEntry | undefined>;
  /**
   * Replaces the entry by `decide(entry as it is now)`, atomically: no other write happens in between. `decide` is pure and may be
   * called again when a race was lost. Undefined leaves the row untouched.
   */
  update(
    path: ObjectPath,
    decide: (entry: LedgerEntry | undefined) => LedgerEntry | undefined,
  ): Promise<UpdateResult<LedgerEntry>>;
  /**
   * Entries of one bucket of the sparse index, oldest `pendingSince` first (ties in a stable order). At most `limit`; `next` continues
   * after the last one. Never reads entries that are in sync.
   */
  unsynced(bucket: UnsyncedBucket, page: { readonly limit: number; readonly after?: string }): Promise<UnsyncedPage>;
  /** Whether any bucket has an entry. One small read, also of a pair where nothing is in sync. */
  hasUnsynced(): Promise<boolean>;
  /** How many entries the bucket has. */
  countUnsynced(bucket: UnsyncedBucket): Promise<number>;
  /** Every entry of a list's members, tombstones included. Only for lists whose digest differs. */
  entriesOf(list: ListPath): Promise<readonly LedgerEntry[]>;
  /** Every entry of a cookbook's versions, tombstones included. Reads nothing of other cookbooks. */
  versionsOf(cookbook: string): Promise<readonly LedgerEntry[]>;
  readList(side: Side, list: ListPath): Promise<ListRow | undefined>;
  /** As `update`, for the row of a list. */
  updateList(
    side: Side,
    list: ListPath,
    decide: (row: ListRow | undefined) => ListRow | undefined,
  ): Promise<UpdateResult<ListRow>>;
  /** The rows of all lists of a side, in no order. */
  lists(side: Side): Promise<readonly ListRow[]>;
  removeList(side: Side, list: ListPath): Promise<void>;
  /** Hints that were not taken yet, at most one of an object, in no order. */
  hints(): Promise<readonly Hint[]>;
  /** Replaces an earlier hint of the object. */
  writeHint(hint: Hint): Promise<void>;
  /** Removes the hint, unless a later one of the same object has taken its place. */
  removeHint(hint: Hint): Promise<void>;
  plans(): Promise<readonly DeletePlan[]>;
  writePlan(plan: DeletePlan): Promise<void>;
  removePlan(id: string): Promise<void>;
}

export interface UnsyncedPage {
  readonly entries: readonly LedgerEntry[];
  readonly next?: string;
}
