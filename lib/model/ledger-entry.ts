import { OBJECT_KINDS } from './object-kind.ts';
import { type ObjectPath, trustedRef } from './object-path.ts';
import { type Action, type Phase, phaseOf } from './phase.ts';
import type { Side } from './side.ts';
import { isSameVersion, nextVersion, type Version } from './version.ts';

/**
 * One object of a pair, as the ledger knows it, and every legal transition. Transitions are pure: they take the entry as it is now
 * and return the entry as it is to be, or undefined when there is nothing to do. Ledgers apply them atomically, so a transition that
 * lost a race simply sees another entry and answers undefined: "superseded" is a value, not an exception.
 */
export interface LedgerEntry {
  readonly path: ObjectPath;
  readonly version: Version;
  readonly action: Action;
  /** held: a delete the guard has not released. pending: to be copied. synced and parked are settled. */
  readonly state: 'held' | 'pending' | 'synced' | 'parked';
  /** Attempts of this version, counted when they begin, so that a copier that dies is counted too. */
  readonly attempts: number;
  /** Messages sent for this version; part of the deduplication id. */
  readonly sends: number;
  /** Set while a message is out, of a held delete one of an older version; cleared by the copier's answer. */
  readonly sentAt?: number;
  /** Due from then on; of a held delete, not released before. */
  readonly nextAttemptAt?: number;
  /** Since when the replica may differ. Kept by observations of an unsettled entry: lag is measured from here. */
  readonly pendingSince?: number;
  readonly settledAt?: number;
  readonly lastError?: LastError;
  /** Fingerprint of what the primary last showed. */
  readonly seen?: string;
  /** Fingerprint of what the replica was last known to hold through us: written or found equal. */
  readonly fingerprint?: string;
  /**
   * Fingerprints we were about to write when nothing was owned yet, the last few, or what we had written before we deleted it: tells
   * after a crash, or after a write that landed late, whether the replica's object is ours. Of a cookbook version every write that has
   * not settled yet: see {@link mayBeHalfWritten}.
   */
  readonly claims?: readonly string[];
  /** Guid of the destination on which it was settled as an upsert. Only owned objects are ever deleted. */
  readonly owned?: string;
  /** Number of the inventory that no longer listed it, or that was the last one when an event told of its delete. */
  readonly absent?: number;
  /** Largest feed id taken in this entry's epoch. */
  readonly feedId?: string;
  /** A definition was read then, which may name content that no list showed yet: sent by runs that began after such a list only. */
  readonly waitsForContent?: number;
  /** Id of the plan under which the guard holds it. */
  readonly plan?: string;
  /** A frozen cookbook version is trusted between full readings. */
  readonly isFrozen?: boolean;
  /** Number of the replica's inventory that last found it changed by somebody else. */
  readonly driftedIn?: number;
}

export interface LastError {
  readonly code: string;
  readonly text: string;
  readonly side?: Side;
}

/** Where an entry stands among the unsynced: a phase while pending, else its state; undefined when it is in sync. */
export type UnsyncedBucket = Phase | 'held' | 'parked' | 'absent';

export const UNSYNCED_BUCKETS: readonly UnsyncedBucket[] = [1, 2, 3, 4, 5, 6, 'held', 'parked', 'absent'];

/** The bucket of the sparse index of unsynced entries. An entry marked absent counts as unsynced until it is listed again or deleted. */
export function unsyncedBucket(entry: LedgerEntry): UnsyncedBucket | undefined {
  if (entry.state === 'pending') return phaseOf(trustedRef(entry.path).kind, entry.action);
  if (entry.state !== 'synced') return entry.state;
  return entry.absent === undefined ? undefined : 'absent';
}

/** Pending or held: something is still to be done. Parked counts as settled, the operator was told. */
export const isUnsettled = (entry: LedgerEntry): boolean => entry.state === 'pending' || entry.state === 'held';

/** The object should exist on the replica. Tombstones and planned deletes are not live. */
export const isLive = (entry: LedgerEntry): boolean => entry.action === 'upsert';

/** Deleted, and known to be. */
const isDeleted = (entry: LedgerEntry): boolean => !isLive(entry) && entry.state === 'synced';

/** A message is out whose copier may still write. Messages sent before `queueBeganAt` went with the queue in memory they were in. */
export const isMessageOut = (entry: LedgerEntry, now: number, queueBeganAt: number): boolean =>
  entry.sentAt !== undefined && entry.sentAt >= queueBeganAt && (entry.nextAttemptAt ?? 0) > now;

/** The message went with the queue in memory that it was in. */
export const isMessageLost = (entry: LedgerEntry, queueBeganAt: number): boolean =>
  entry.sentAt !== undefined && entry.sentAt < queueBeganAt;

export interface Observation {
  readonly path: ObjectPath;
  readonly action: Action;
  readonly epoch: number;
  readonly now: number;
  /** Who saw it. Feed and hints know that something changed, not what it is now, so they clear `seen`. */
  readonly by: 'inventory' | 'feed' | 'hint' | 'replica' | 'operator';
  readonly seen?: string;
  readonly feedId?: string;
  readonly isFrozen?: boolean;
  readonly driftedIn?: number;
  readonly waitsForContent?: number;
  /** Of a delete that an event told of: the inventory that counts as the one that missed it. */
  readonly absent?: number;
}

/**
 * A new version of the entry, pending (upsert) or held (delete), with no attempts. Never sends and never settles. An observation too
 * many costs one comparison, because the copier reads the primary's current state.
 */
export function observe(entry: LedgerEntry | undefined, seen: Observation): LedgerEntry | undefined {
  const version = nextVersion(entry?.version, seen.epoch);
  const isSameEpoch = entry !== undefined && entry.version.epoch === version.epoch;
  if (seen.feedId !== undefined && isSameEpoch && entry.feedId !== undefined) {
    if (BigInt(seen.feedId) <= BigInt(entry.feedId)) return undefined;
  }
  if (seen.action === 'delete' && (entry === undefined || (isDeleted(entry) && seen.by !== 'replica')))
    return undefined;
  const feedId = seen.feedId ?? (isSameEpoch ? entry.feedId : undefined);
  const keepsSeen = seen.by === 'replica' || seen.by === 'operator';
  const nextSeen = keepsSeen ? entry?.seen : seen.seen;
  const isFrozen = seen.isFrozen ?? entry?.isFrozen;
  const pendingSince = (entry !== undefined && isUnsettled(entry) ? entry.pendingSince : undefined) ?? seen.now;
  // The copy that is out may still write: a delete waits until it has ended, or can no longer run.
  const isCopyOut = seen.action === 'delete' && entry?.state === 'pending' && entry.sentAt !== undefined;
  return {
    path: seen.path,
    version,
    action: seen.action,
    state: seen.action === 'delete' ? 'held' : 'pending',
    attempts: 0,
    sends: 0,
    sentAt: isCopyOut ? entry.sentAt : undefined,
    nextAttemptAt: isCopyOut ? entry.nextAttemptAt : seen.now,
    pendingSince,
    settledAt: entry?.settledAt,
    seen: nextSeen,
    fingerprint: entry?.fingerprint,
    claims: entry?.claims,
    owned: entry?.owned,
    feedId: feedId,
    isFrozen: isFrozen,
    waitsForContent: keepsSeen ? entry?.waitsForContent : seen.waitsForContent,
    driftedIn: seen.driftedIn ?? entry?.driftedIn,
    // A delete that the inventory found keeps the number of the pass that first missed the object.
    absent: seen.action === 'delete' && seen.by === 'inventory' ? entry?.absent : seen.absent,
  };
}

/** The current primary taken as the starting point (`bootstrap: false`): nothing is copied until the primary changes. */
export function baseline(seen: Omit<Observation, 'action' | 'by'> & { readonly seen: string }): LedgerEntry {
  return {
    path: seen.path,
    version: nextVersion(undefined, seen.epoch),
    action: 'upsert',
    state: 'synced',
    attempts: 0,
    sends: 0,
    settledAt: seen.now,
    seen: seen.seen,
    isFrozen: seen.isFrozen,
  };
}

/** The entry, if this version of it is still the one to be copied. */
const current = (entry: LedgerEntry | undefined, version: Version): LedgerEntry | undefined =>
  entry !== undefined && entry.state === 'pending' && isSameVersion(entry.version, version) ? entry : undefined;

/** One more attempt of this version has begun. Undefined: superseded, settled or held meanwhile; nothing may be copied. */
export function begin(entry: LedgerEntry | undefined, version: Version): LedgerEntry | undefined {
  const mine = current(entry, version);
  return mine && { ...mine, attempts: mine.attempts + 1 };
}

/** Attempts of an object whose writes may still be on their way; each may have read something else. */
const CLAIMS_KEPT = 8;

/** Whether that is what we wrote, or were about to write, when the object was not ours yet. */
export const hasClaimed = (entry: LedgerEntry, fingerprint: string): boolean =>
  entry.claims?.includes(fingerprint) === true;

/**
 * A copy that was begun and never settled may have been refused halfway: then the replica shows the object as it was sent, or as it was
 * before, without its files. That it looks equal proves nothing; it is written again.
 */
export const mayBeHalfWritten = (entry: LedgerEntry): boolean =>
  entry.claims !== undefined && OBJECT_KINDS[trustedRef(entry.path).kind].staysWhenRefused;

const withClaim = (entry: LedgerEntry, fingerprint: string): LedgerEntry => ({
  ...entry,
  claims: [...(entry.claims ?? []).filter((earlier) => earlier !== fingerprint), fingerprint].slice(-CLAIMS_KEPT),
});

/**
 * Written down before the first write of an object that is not owned yet, so that a crash in between leaves no orphan on the replica, and
 * before every write that can end halfway.
 */
export function claim(entry: LedgerEntry | undefined, version: Version, fingerprint: string): LedgerEntry | undefined {
  const mine = current(entry, version);
  return mine && withClaim(mine, fingerprint);
}

/** Written down before an item's copier makes the data bag that the item lives in, whatever the bag's own entry waits for. */
export function claimForMember(
  entry: LedgerEntry | undefined,
  { fingerprint, destination }: { readonly fingerprint: string; readonly destination: string },
): LedgerEntry | undefined {
  if (entry === undefined || entry.owned === destination || hasClaimed(entry, fingerprint)) return undefined;
  return withClaim(entry, fingerprint);
}

/**
 * A definition as its copier found it names content that the replica is not known to have: a new version of the entry, not to be sent before
 * that content was listed.
 */
export function waitForContent(
  entry: LedgerEntry | undefined,
  version: Version,
  found: { readonly seen: string; readonly now: number },
): LedgerEntry | undefined {
  const mine = current(entry, version);
  if (mine === undefined) return undefined;
  const {
    path,
    version: { epoch },
  } = mine;
  const { seen, now } = found;
  return observe(mine, { path, action: 'upsert', epoch, now, by: 'inventory', seen, waitsForContent: now });
}

export interface Settlement {
  readonly version: Version;
  readonly now: number;
  /** When the primary was read: what a superseded copy still proves. */
  readonly readAt: number;
  /** What the replica now holds; absent for a delete and for an object that was deliberately left alone. */
  readonly fingerprint?: string;
  /** Guid of the destination, `none` for a server without organizations. */
  readonly destination: string;
  readonly isFrozen?: boolean;
}

/**
 * The replica now is as the primary was at `readAt`. For the current version the entry becomes synced. A superseded copy settles
 * nothing, but it did write: the entry keeps the fingerprint and the ownership, and its lag counts from `readAt`. When it ends so late
 * that a newer version is synced already, the replica went back in time: the entry gets one more version.
 */
export function settle(entry: LedgerEntry | undefined, done: Settlement): LedgerEntry | undefined {
  if (entry === undefined) return undefined;
  const isSettled = current(entry, done.version) !== undefined;
  if (!isSettled && done.fingerprint === undefined) return undefined;
  const { claims, ...unclaimed } = entry;
  const written: LedgerEntry =
    done.fingerprint === undefined
      ? entry
      : {
          ...unclaimed,
          fingerprint: done.fingerprint,
          owned: done.destination,
          isFrozen: done.isFrozen ?? entry.isFrozen,
        };
  if (!isSettled) {
    if (entry.state === 'parked') return written;
    if (entry.state === 'synced') return afterLateWrite(entry, written, done.now);
    return { ...written, pendingSince: Math.max(entry.pendingSince ?? 0, done.readAt) };
  }
  const { sentAt, nextAttemptAt, pendingSince, lastError, plan, ...rest } = written;
  const settled: LedgerEntry = {
    ...rest,
    state: 'synced',
    settledAt: done.now,
    ...(entry.absent === undefined ? {} : { pendingSince }),
  };
  if (done.fingerprint !== undefined) return { ...settled, action: 'upsert', seen: done.fingerprint };
  const { seen, fingerprint, owned, absent, pendingSince: _since, driftedIn, ...tombstone } = settled;
  // What another organization of the same name held was never put into this one by us.
  const lastWritten = owned === done.destination ? fingerprint : undefined;
  return { ...tombstone, action: 'delete', claims: lastWritten === undefined ? claims : [lastWritten] };
}

/** A copy of an older version overwrote, or brought back, what a newer one had settled. */
function afterLateWrite(entry: LedgerEntry, written: LedgerEntry, now: number): LedgerEntry | undefined {
  const { path, action, version } = entry;
  if (isLive(entry) && written.fingerprint === entry.fingerprint) return undefined;
  // It left the filter meanwhile, so nothing is to be put right, but the object is ours.
  if (isLive(entry) && entry.seen === undefined) return written;
  return observe(written, { path, action, epoch: version.epoch, now, by: 'replica' });
}

export interface Setback {
  readonly version: Version;
  /** Next attempt, ms; undefined: only when an operator asks. */
  readonly at?: number;
  readonly error?: LastError;
  /** The attempt did not count: the server failed, not the object, or it made progress. */
  readonly isAttemptGivenBack?: boolean;
  /** What the attempt saw on the primary. */
  readonly seen?: string;
}

const setBack = (entry: LedgerEntry, setback: Setback): LedgerEntry => {
  const { sentAt, nextAttemptAt, ...rest } = entry;
  return {
    ...rest,
    attempts: setback.isAttemptGivenBack === true ? Math.max(0, entry.attempts - 1) : entry.attempts,
    nextAttemptAt: setback.at,
    lastError: setback.error ?? entry.lastError,
    seen: setback.seen ?? entry.seen,
  };
};

/** The attempt failed; the entry stays pending and is due at `at`. */
export function retryAt(entry: LedgerEntry | undefined, setback: Setback): LedgerEntry | undefined {
  const mine = current(entry, setback.version);
  return mine && setBack(mine, setback);
}

/** Given up for now: settled, shown to the operator, tried again at `at`. */
export function park(entry: LedgerEntry | undefined, setback: Setback): LedgerEntry | undefined {
  const mine = current(entry, setback.version);
  return mine && { ...setBack(mine, setback), state: 'parked' };
}

/** A delete goes back to the guard, with the reason, not to be released before `at`. No attempt failed: it may wait for days. */
export function hold(entry: LedgerEntry | undefined, setback: Setback): LedgerEntry | undefined {
  const mine = current(entry, setback.version);
  if (mine?.action !== 'delete') return undefined;
  return { ...setBack(mine, { ...setback, isAttemptGivenBack: true }), state: 'held' };
}

/** The guard lets a held delete go. */
export function release(entry: LedgerEntry | undefined, version: Version, now: number): LedgerEntry | undefined {
  if (entry === undefined || entry.state !== 'held' || !isSameVersion(entry.version, version)) return undefined;
  const { plan, sentAt, ...rest } = entry;
  return { ...rest, state: 'pending', nextAttemptAt: now };
}

/** A copy of an older version has ended, so a held delete need not wait for it any longer. */
export function noteCopyEnded(entry: LedgerEntry | undefined, ended: Version, now: number): LedgerEntry | undefined {
  if (entry?.state !== 'held' || entry.sentAt === undefined || isSameVersion(entry.version, ended)) return undefined;
  const { sentAt, ...rest } = entry;
  return { ...rest, nextAttemptAt: now };
}

/** The guard keeps a held delete under a plan until an operator approves it. */
export function holdUnderPlan(entry: LedgerEntry | undefined, version: Version, plan: string): LedgerEntry | undefined {
  if (entry === undefined || entry.state !== 'held' || !isSameVersion(entry.version, version)) return undefined;
  return entry.plan === plan ? undefined : { ...entry, plan };
}

/**
 * A message for the entry as it was when it was chosen is out. Until `dueAgainAt` nobody sends another; a crash before this repeats the
 * same deduplication id. A copier that was faster than this mark keeps its own time.
 */
export function markSent(
  entry: LedgerEntry | undefined,
  chosen: LedgerEntry,
  times: { readonly now: number; readonly dueAgainAt: number },
): LedgerEntry | undefined {
  const mine = current(entry, chosen.version);
  if (mine === undefined) return undefined;
  const sent = { ...mine, sends: mine.sends + 1 };
  if (mine.nextAttemptAt !== chosen.nextAttemptAt) return sent;
  return { ...sent, sentAt: times.now, nextAttemptAt: times.dueAgainAt };
}

/**
 * A complete list lacks the object. Only a second inventory of the same epoch makes it a delete candidate; tombstones are not marked.
 * A mark of an earlier epoch (below `firstOfEpoch`) proves nothing and is replaced.
 */
export function markAbsent(
  entry: LedgerEntry | undefined,
  inventory: { readonly number: number; readonly firstOfEpoch: number },
  now: number,
): LedgerEntry | undefined {
  if (entry === undefined || !isLive(entry)) return undefined;
  if (entry.absent !== undefined && entry.absent >= inventory.firstOfEpoch) return undefined;
  return { ...entry, absent: inventory.number, pendingSince: entry.pendingSince ?? now };
}

/** The object is listed again. */
export function clearAbsent(entry: LedgerEntry | undefined): LedgerEntry | undefined {
  if (entry?.absent === undefined) return undefined;
  const { absent, pendingSince, ...rest } = entry;
  return { ...rest, pendingSince: entry.state === 'synced' ? undefined : pendingSince };
}

/** An inventory read the body of an object that waits to be copied and is not out: the copier will read it later than that. */
export function noteSeen(
  entry: LedgerEntry | undefined,
  version: Version,
  seen: string,
  waitsForContent?: number,
): LedgerEntry | undefined {
  const mine = current(entry, version);
  if (mine === undefined || mine.sentAt !== undefined || mine.seen === seen) return undefined;
  return { ...mine, seen, waitsForContent };
}

/** The replica was changed by somebody else and we leave it so: shown as unsynced, tried again at `at`, if ever. */
export function reportDrift(
  entry: LedgerEntry | undefined,
  drift: {
    readonly version: Version;
    readonly inventory: number;
    readonly error: LastError;
    readonly now: number;
    readonly at?: number;
  },
): LedgerEntry | undefined {
  if (entry === undefined || entry.state !== 'synced' || !isSameVersion(entry.version, drift.version)) return undefined;
  return {
    ...entry,
    state: 'parked',
    driftedIn: drift.inventory,
    lastError: drift.error,
    pendingSince: entry.pendingSince ?? drift.now,
    nextAttemptAt: drift.at,
  };
}

/** A reported drift is gone: the replica is again as we left it. */
export function driftIsGone(entry: LedgerEntry | undefined, version: Version): LedgerEntry | undefined {
  if (entry === undefined || !isDriftReport(entry) || !isSameVersion(entry.version, version)) return undefined;
  const { lastError, pendingSince, nextAttemptAt, ...rest } = entry;
  return { ...rest, state: 'synced', pendingSince: entry.absent === undefined ? undefined : pendingSince };
}

/**
 * A comparison of both sides found the replica's object equal to what the primary last showed, though nobody copied it: settled as found
 * equal, so it is ours from now on. Only for an object of a baseline, or one whose difference was reported.
 */
export function noteEqual(
  entry: LedgerEntry | undefined,
  found: {
    readonly version: Version;
    readonly fingerprint: string;
    readonly destination: string;
    readonly now: number;
  },
): LedgerEntry | undefined {
  if (entry === undefined || !isSameVersion(entry.version, found.version) || entry.seen !== found.fingerprint)
    return undefined;
  if (!isLive(entry) || !(entry.state === 'synced' || isDriftReport(entry))) return undefined;
  const { lastError, pendingSince, nextAttemptAt, claims, ...rest } = entry;
  return {
    ...rest,
    state: 'synced',
    fingerprint: found.fingerprint,
    owned: found.destination,
    settledAt: found.now,
    pendingSince: entry.absent === undefined ? undefined : pendingSince,
  };
}

/**
 * A comparison of both sides did not find the object as the baseline has it: what was seen then tells nothing any more, and the inventory
 * that lists it again takes it for changed.
 */
export function forgetSeen(entry: LedgerEntry | undefined, version: Version): LedgerEntry | undefined {
  if (entry === undefined || !isSameVersion(entry.version, version) || entry.state !== 'synced') return undefined;
  const { seen, ...rest } = entry;
  return seen === undefined ? undefined : rest;
}

/**
 * An operator wants an object deleted that only the replica has: held for the guard like any delete. What the replica shows is claimed, so
 * that it goes only as the operator's command found it. Never for an object that the pair knows as live or is about to delete.
 */
export function holdExtra(
  entry: LedgerEntry | undefined,
  extra: { readonly path: ObjectPath; readonly epoch: number; readonly now: number; readonly fingerprint: string },
): LedgerEntry | undefined {
  const { path, epoch, now, fingerprint } = extra;
  if (entry !== undefined && !isDeleted(entry)) return undefined;
  return {
    path,
    version: nextVersion(entry?.version, epoch),
    action: 'delete',
    state: 'held',
    attempts: 0,
    sends: 0,
    nextAttemptAt: now,
    pendingSince: now,
    settledAt: entry?.settledAt,
    claims: [fingerprint],
    feedId: entry?.version.epoch === epoch ? entry.feedId : undefined,
  };
}

/** Codes under which {@link reportDrift} parks. */
export const DRIFT_CODES = {
  report: 'REPLICA_DIFFERS',
  anotherWriter: 'ANOTHER_WRITER',
  baseline: 'BASELINE_DIFFERS',
} as const;

/** Parked because the replica differs by somebody else's doing, not because a copy failed. */
export const isDriftReport = (entry: LedgerEntry): boolean =>
  entry.state === 'parked' && Object.values<string | undefined>(DRIFT_CODES).includes(entry.lastError?.code);

/**
 * The object left the pair's filter: it is neither counted, sent nor deleted any more. Without `seen`, the first inventory after it
 * comes back compares it anew.
 */
export function withdraw(entry: LedgerEntry | undefined): LedgerEntry | undefined {
  if (entry === undefined || unsyncedBucket(entry) === undefined) return undefined;
  const { seen, absent, sentAt, nextAttemptAt, pendingSince, lastError, plan, ...rest } = entry;
  return { ...rest, state: 'synced', action: 'upsert' };
}
