import {
  hasClaimed,
  isDriftReport,
  isLive,
  type LedgerEntry,
  mayBeHalfWritten,
  unsyncedBucket,
} from '../model/ledger-entry.ts';
import { guidText, type PairState } from '../model/pair-state.ts';
import type { Seen } from '../model/seen.ts';
import { FAILURES_THAT_OPEN_A_PHASE } from './gate-phases.ts';

/**
 * How long after a delete a write that was on its way can still land: a copier lives 5 minutes at most and its message is hidden for 6.
 * What appears on the replica later than that was put there by somebody else, even if it looks like ours.
 */
const LATE_WRITE_MS = 15 * 60_000;

/** Deleted by us so recently that a write of ours may land after the delete. */
const isFreshTombstone = (entry: LedgerEntry, now: number): boolean =>
  !isLive(entry) && entry.state === 'synced' && (entry.settledAt ?? 0) > now - LATE_WRITE_MS;

/** Fingerprint of what the replica should hold; undefined when nothing is known of it or something is still to be done. */
const expected = (entry: LedgerEntry, now: number): string | undefined => {
  // Of a tombstone any body is of interest: it is compared with everything that was claimed.
  if (isFreshTombstone(entry, now)) return entry.claims?.at(-1);
  return isLive(entry) && (entry.state === 'synced' || isDriftReport(entry)) ? entry.fingerprint : undefined;
};

/** Whether the replica must be asked for a listed object by itself: bulk reading did not show it, or a search row shows it as different. */
export function mustBeReadThere(
  entry: LedgerEntry,
  { seen, isTrusted, now }: { readonly seen: Seen | undefined; readonly isTrusted: boolean; readonly now: number },
): boolean {
  const want = expected(entry, now);
  if (want === undefined) return false;
  if (seen === undefined) return !(isTrusted && entry.isFrozen === true);
  return seen.isFromSearch && seen.fingerprint !== want;
}

/** Nobody copies it, and no copy of it that was begun may have been refused halfway. */
export const isWaitingUnsent = (entry: LedgerEntry): boolean =>
  entry.state === 'pending' && isLive(entry) && entry.sentAt === undefined && !mayBeHalfWritten(entry);

/** What a reading of the replica shows of an object that the ledger knows. */
export interface ReplicaReading {
  readonly isListed: boolean;
  readonly seen: Seen | undefined;
  /** When its list was read. */
  readonly readAt: number;
  readonly now: number;
  /** Guid of the destination. */
  readonly destination: string;
}

/**
 * What a reading of the replica proves of an entry. `equal`: it is as the ledger left it. `unsettled`: nothing, because something is still
 * to be done. `as on the primary`: what waits to be copied is there already. `changed back`: the difference that was reported is gone.
 * `came back`: a write of ours landed after our delete. `drifted`: somebody else changed or removed it.
 */
export type ReplicaFinding = 'equal' | 'unsettled' | 'as on the primary' | 'changed back' | 'came back' | 'drifted';

/** Judges one entry by a reading of the replica. Of an object that is not ours, or settled after the list was read, it proves nothing. */
export function judgeReplica(entry: LedgerEntry, reading: ReplicaReading): ReplicaFinding {
  const { isListed, seen, readAt, now, destination } = reading;
  if (!isLive(entry) && entry.state === 'synced') return judgeTombstone(entry, reading);
  if (isWaitingUnsent(entry) && entry.seen !== undefined && seen?.fingerprint === entry.seen)
    return 'as on the primary';
  const want = expected(entry, now);
  if (want === undefined || entry.owned !== destination || (entry.settledAt ?? 0) >= readAt) {
    return unsyncedBucket(entry) === undefined && want === undefined ? 'equal' : 'unsettled';
  }
  const isDifferent = !isListed || (seen !== undefined && seen.fingerprint !== want);
  if (isDriftReport(entry)) return !isDifferent && seen !== undefined ? 'changed back' : 'unsettled';
  if (!isDifferent) return 'equal';
  // Absent on the primary: it is about to be deleted or listed again, and a repair would forget the mark.
  return entry.absent === undefined ? 'drifted' : 'unsettled';
}

function judgeTombstone(entry: LedgerEntry, { isListed, seen, now }: ReplicaReading): ReplicaFinding {
  if (!isListed || !isFreshTombstone(entry, now)) return 'equal';
  return seen !== undefined && hasClaimed(entry, seen.fingerprint) ? 'came back' : 'unsettled';
}

/**
 * Whether an object that drifted was repaired since the pass before this one: then another writer is at work, and one more repair would
 * only feed their quarrel. `previousNumber` is that of the last finished pass of the same scope.
 */
export const hasDriftedAgain = ({ driftedIn }: LedgerEntry, previousNumber: number | undefined): boolean =>
  driftedIn !== undefined && previousNumber !== undefined && driftedIn >= previousNumber;

/**
 * Whether a definition that names the object is written without waiting for it: it is on the replica, or part of a baseline, which is not
 * compared; or it fails, as one bad object never stops the others. What was settled before an epoch that trusts nothing is not known to be there.
 */
export function isAssumedThere(
  entry: LedgerEntry,
  { guids, trustFrom }: Pick<PairState, 'guids' | 'trustFrom'>,
): boolean {
  if (!isLive(entry)) return false;
  if (entry.state !== 'synced') return entry.state === 'parked' || entry.attempts >= FAILURES_THAT_OPEN_A_PHASE;
  return entry.owned === undefined || (entry.owned === guidText(guids.replica) && entry.version.epoch >= trustFrom);
}
