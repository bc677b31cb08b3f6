/** The one word for a pair. */
export type PairCondition =
  | 'never polled'
  | 'bootstrapping'
  | 'catching up'
  | 'in sync'
  | 'unsynced'
  | 'deletes held'
  | 'waiting'
  | 'baseline not compared'
  | 'stopped'
  | 'stale'
  | 'no longer configured';

/** Objects of a pair by what is to be done with them. */
export interface StatusCounts {
  /** Live objects of the primary as last read. */
  readonly total: number;
  readonly pendingUpserts: number;
  readonly pendingDeletes: number;
  /** Of the pending ones, those that failed three times or more. */
  readonly failing: number;
  readonly parked: number;
  readonly held: number;
  readonly absent: number;
  /** The pending ones by what is copied when: each waits for those before it. */
  readonly stages: Readonly<Record<'content' | 'definitions' | 'pointers' | 'deletes', number>>;
  /** Objects that only the replica has; never touched. */
  readonly onlyOnReplica: number;
}
