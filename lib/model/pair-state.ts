import type { ObjectKind } from './object-kind.ts';
import type { ListPath, ObjectPath } from './object-path.ts';
import type { Side } from './side.ts';

/** What a pair remembers between polls, besides its ledger. One record; every write of a poll is conditional on its lease token. */
export interface PairState {
  readonly epoch: number;
  /** What settled in an earlier epoch than this counts as unknown and is compared with the replica again. */
  readonly trustFrom: number;
  readonly epochStartedAt: number;
  /** Guids of both organizations as last seen; `none` for a server without organizations. */
  readonly guids: Partial<Readonly<Record<Side, string>>>;
  readonly filterHash: string;
  readonly isStopped: boolean;
  /** Nothing is polled or copied until `until`: a server cannot be used. */
  readonly paused?: Pause;
  readonly feed: FeedProgress;
  readonly inventory: Readonly<Record<Side, InventoryProgress>>;
  readonly run: Run;
  /** When the list of the content that definitions name was last read, or reported as unread. */
  readonly contentListedAt?: number;
  /** That list must be read later than this: when the last poll ended, a definition waited for it. The next poll reads it, whatever the pace. */
  readonly contentAwaitedSince?: number;
  /** The lane that its messages go to; `quietSince`: it is to move to another one, and no copy has been out since then. */
  readonly lane?: { readonly name: string; readonly quietSince?: number };
  /** Deletes the guard released, for its 24-hour count. */
  readonly released: readonly Release[];
  /** Set after a changed source guid: the guard releases nothing by itself, for this reason. */
  readonly holdsEveryDelete?: string;
  /** `copy`: the first epoch copies everything. `baseline`: `bootstrap: false`, nothing was compared yet. */
  readonly start: 'copy' | 'baseline';
  /** When the baseline was complete; what is new since then is copied, in later epochs too. */
  readonly baselineAt?: number;
  /** When the first inventory of the epoch was complete and everything of it settled. */
  readonly bootstrappedAt?: number;
  /** Grows with every lease taken; the fencing token of every write of a poll. */
  readonly leaseToken: number;
  readonly leaseUntil?: number;
  readonly lastPoll?: {
    readonly startedAt: number;
    readonly endedAt: number;
    readonly isComplete: boolean;
    readonly problem?: string;
    /** What keeps deletes that the guard let go. */
    readonly deletesWait?: string;
  };
  /** When the last poll ended that failed at nothing, be it that its time was over before it had read everything. */
  readonly lastGoodPollAt?: number;
  readonly nextPollAt?: number;
  /** What the primary names and nobody can replicate, the last few paths, kept for the operator. */
  readonly unknownPaths: readonly string[];
}

export interface Pause {
  readonly side: Side;
  readonly code: string;
  readonly reason: string;
  readonly since: number;
  readonly until: number;
}

export interface FeedCursor {
  /** Integer of any size, decimal. */
  readonly id: string;
  /** The event that had this id; absent when the cursor was set by an empty feed. */
  readonly path?: string;
  readonly action?: string;
}

export interface FeedProgress {
  /** `unknown` until the primary was asked; `off` by configuration; `unavailable`: asked, but no answer this time. */
  readonly status: 'unknown' | 'in use' | 'absent' | 'off' | 'unavailable';
  /** What the primary answered instead of a feed. */
  readonly note?: string;
  readonly cursor?: FeedCursor;
  /** Cursor at the end of completed polls, oldest first; the base of the next read is taken from here (ids can commit late). */
  readonly marks: readonly { readonly at: number; readonly id: string }[];
  /** When a reset last began a new epoch: at most one an hour without an operator. */
  readonly resetAt?: number;
}

export type PassScope = 'names' | 'contents';

/** Why a list, or some objects of it, could not be read. */
export interface Unread {
  readonly list: ListPath;
  readonly reason: string;
}

/** One side's inventory: a sequence of lists that can be cut anywhere and goes on at `nextList`. */
export interface InventoryProgress {
  /** Number of the pass under way, or of the last one. */
  readonly number: number;
  /** First number that belongs to the current epoch: absences of earlier ones prove nothing. */
  readonly firstOfEpoch: number;
  readonly pass?: Pass;
  /** Lists the last pass could not read, with the reason. */
  readonly unread: readonly Unread[];
  /** Lists of which the last pass over contents could not read every object. A pass over names, which reads none, takes nothing of it back. */
  readonly unshown?: readonly Unread[];
  readonly names?: Reading;
  readonly contents?: Reading;
  /** When frozen cookbook versions were last read too. */
  readonly fullAt?: number;
  readonly fullTookMs?: number;
}

export interface Pass {
  readonly scope: PassScope;
  readonly isFull: boolean;
  readonly startedAt: number;
  /** Time spent reading, over all polls that worked on it. */
  readonly busyMs: number;
  readonly nextList: ListPath;
  /** Of the next list the members up to this name were read: it is longer than the time of one poll. */
  readonly after?: string;
  readonly unread: readonly Unread[];
  readonly unshown?: readonly Unread[];
}

/** A reading that reached its end. `completeAt` moves only when no list was left unread. `tookMs` is what it counts for in the pace. */
export interface Reading {
  readonly number: number;
  readonly completeAt?: number;
  readonly endedAt: number;
  readonly tookMs: number;
}

export interface Run {
  readonly number: number;
  /** Entries unsettled since then or earlier belong to the run. */
  readonly startedAt: number;
  readonly deletesSent: number;
  /** When the list of the content that definitions name was last read before the run began: what it showed goes with the run. */
  readonly contentListedAt?: number;
}

export interface Release {
  readonly kind: ObjectKind;
  readonly at: number;
  readonly count: number;
}

/** Deletes that the guard holds together until an operator approves them. */
export interface DeletePlan {
  readonly id: string;
  readonly kind: ObjectKind;
  readonly at: number;
  readonly reason: string;
  readonly count: number;
  /** A few paths, for the reader. */
  readonly samples: readonly ObjectPath[];
}

/**
 * One list as last compared, so that an unchanged one needs no ledger read. A digest stands for "every entry of this list is as it was
 * when this was read"; whoever else changes an entry of the list voids it first (`voidDigests`), or a list that goes A → B → A would be
 * taken for unchanged while the ledger is at B.
 */
export interface ListRow {
  readonly side: Side;
  readonly list: ListPath;
  readonly epoch: number;
  /** Grows whenever the digests are voided; a pass stores its digest only if this is as it was when the pass began. */
  readonly generation: number;
  /** How many members the ledger held when it was last stored; the guard's base. Undefined: never read completely. */
  readonly count?: number;
  readonly names?: Digest;
  readonly contents?: Digest;
  /** As `contents`, with what frozen versions hold; of the last reading that included them. */
  readonly whole?: Digest;
  /** Members that only this side has; of the replica. */
  readonly extraCount?: number;
  /** Frozen cookbook versions, trusted between full readings. */
  readonly frozen?: readonly string[];
}

export interface Digest {
  readonly digest: string;
  /** Of the replica: the primary's digest it was found equal to; another one there means comparing again. */
  readonly against?: string;
}

/** The row after somebody else changed an entry of the list: nothing of it may be taken for unchanged. */
export function voidDigests(row: ListRow | undefined, side: Side, list: ListPath, epoch: number): ListRow {
  if (row === undefined) return { side, list, epoch, generation: 1 };
  const { names, contents, whole, ...rest } = row;
  return { ...rest, generation: row.generation + 1 };
}

export const NEVER_READ: InventoryProgress = { number: 0, firstOfEpoch: 1, unread: [] };

/** A pair that was never polled. Epoch 1 begins with an inventory. */
export function newPairState(now: number, filterHash: string, start: PairState['start']): PairState {
  return {
    epoch: 1,
    trustFrom: 1,
    epochStartedAt: now,
    guids: {},
    filterHash,
    isStopped: false,
    feed: { status: 'unknown', marks: [] },
    inventory: { primary: NEVER_READ, replica: NEVER_READ },
    run: { number: 0, startedAt: 0, deletesSent: 0 },
    released: [],
    start,
    leaseToken: 0,
    unknownPaths: [],
  };
}

/** A guid as the state keeps it: a server without organizations shows none. */
export const guidText = (guid: string | undefined): string => guid ?? 'none';

/** `bootstrap: false`, and the baseline is not complete: what is new on the primary is taken as it is. */
export const isTakingBaseline = ({ start, baselineAt }: PairState): boolean =>
  start === 'baseline' && baselineAt === undefined;

const restarted = (side: InventoryProgress): InventoryProgress => ({
  number: side.number,
  firstOfEpoch: side.number + 1,
  unread: [],
});

/** How long a server that cannot be used is left alone before the next poll tries it. */
export const PAUSE_MS = 60_000;

/** Whether the pair waits for a server. No pause is twice as long as a pause: one that were was begun by a clock that has been set back since. */
export const isPaused = ({ paused }: Pick<PairState, 'paused'>, now: number): boolean =>
  paused !== undefined && paused.until > now && paused.until <= now + 2 * PAUSE_MS;

/** A new epoch: the feed's cursor is forgotten and both inventories begin again. Entries, guids and the lease stay as they are. */
export function nextEpoch(state: PairState, now: number, changes: Partial<PairState> = {}): PairState {
  const { bootstrappedAt, ...rest } = state;
  return {
    ...rest,
    epoch: state.epoch + 1,
    epochStartedAt: now,
    feed: { status: 'unknown', marks: [], resetAt: state.feed.resetAt },
    inventory: { primary: restarted(state.inventory.primary), replica: restarted(state.inventory.replica) },
    ...changes,
  };
}
