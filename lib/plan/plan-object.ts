import { isLive, type LedgerEntry } from '../model/ledger-entry.ts';
import type { ObjectPath } from '../model/object-path.ts';
import { hasDriftedAgain } from './replica-evidence.ts';

/** One object of both sides, with the fingerprints of the texts that were read. */
export interface SeenObject {
  readonly path: ObjectPath;
  readonly isOnPrimary: boolean;
  readonly isOnReplica: boolean;
  /** Only of objects that both sides have. */
  readonly isEqual: boolean;
  /** Fingerprint of what the primary shows; absent when it was not read. */
  readonly source?: string;
  /** Fingerprint of what the replica shows; absent when it was not read. */
  readonly copy?: string;
}

/** What of a pair decides about every object of it. */
export interface Situation {
  readonly drift: 'repair' | 'report';
  /** `bootstrap: false` and the baseline is not complete: what is new is taken as it is. */
  readonly takesBaseline: boolean;
  readonly trustFrom: number;
  /** Guid of the replica as it is now. */
  readonly destination: string;
  /** Number of the replica's last complete reading of bodies: what drifted since then was repaired once already. */
  readonly previousNumber?: number;
  readonly now: number;
}

/** What the next polls do with an object. Undefined: nothing, it is equal or not this pair's. */
export interface PlannedChange {
  /** `leave`: it differs and stays as it is until the reason goes away. */
  readonly action: 'upsert' | 'delete' | 'leave';
  readonly reason: string;
  /** A delete that the guard was not asked about yet. */
  readonly asksGuard?: boolean;
  /** Left as a parked object is: deletes of what it may still name wait. */
  readonly keepsDeletes?: boolean;
}

const upsert = (reason: string): PlannedChange => ({ action: 'upsert', reason });
const leave = (reason: string): PlannedChange => ({ action: 'leave', reason });
const leaveParked = (reason: string): PlannedChange => ({ action: 'leave', reason, keepsDeletes: true });

/**
 * What polls do with an object that was read on both sides just now, from what the ledger knows of it. It is the summary of what an
 * inventory of both sides, the guard and the copiers decide step by step; it decides nothing itself.
 */
export function planObject(
  entry: LedgerEntry | undefined,
  seen: SeenObject,
  situation: Situation,
): PlannedChange | undefined {
  if (!seen.isOnPrimary) return seen.isOnReplica ? planUnlisted(entry, situation) : undefined;
  if (seen.isEqual) return undefined;
  if (entry === undefined) {
    if (situation.takesBaseline) return leave('taken as the baseline as it is; copied when the primary changes it');
    return upsert(seen.isOnReplica ? 'differs from the primary' : 'new on the primary');
  }
  if (!isLive(entry)) return upsert('on the primary again');
  if (entry.state === 'pending') return planPending(entry, situation);
  const isChanged = seen.source !== undefined && seen.source !== entry.seen;
  if (entry.state === 'parked') return planParked(entry, isChanged, situation);
  if (entry.version.epoch < situation.trustFrom)
    return upsert('differs from the primary, after everything was compared again');
  if (isChanged) return upsert('changed on the primary');
  if (entry.owned !== situation.destination) {
    return leave('differs since the baseline; copied when the primary changes it, or with `chef-sync-ctl repair`');
  }
  return planDrift(entry, seen, situation);
}

function planPending(entry: LedgerEntry, { now }: Situation): PlannedChange {
  const at = entry.nextAttemptAt ?? 0;
  if (entry.attempts === 0 || entry.lastError === undefined || at <= now) return upsert('waits to be copied');
  return upsert(`is tried again at ${new Date(at).toISOString()}: ${entry.lastError.text}`);
}

function planParked(entry: LedgerEntry, isChanged: boolean, { now }: Situation): PlannedChange {
  if (isChanged) return upsert('changed on the primary since it was parked');
  if (entry.nextAttemptAt !== undefined && entry.nextAttemptAt <= now)
    return upsert('parked, and its daily attempt is due');
  return leaveParked(entry.lastError?.text ?? 'parked: tried again with `chef-sync-ctl retry`');
}

function planDrift(entry: LedgerEntry, seen: SeenObject, { drift, previousNumber }: Situation): PlannedChange {
  // Both are as we left them and yet differ: the copier found out less than this reading.
  if (seen.isOnReplica && seen.copy === entry.fingerprint) return upsert('differs from the primary');
  const what = seen.isOnReplica
    ? 'changed on the replica by somebody else'
    : 'removed from the replica by somebody else';
  if (drift === 'report') return leaveParked(`${what}; reported and left (\`drift: report\`)`);
  return hasDriftedAgain(entry, previousNumber)
    ? leaveParked(`${what} again after it was repaired: another writer works on the replica`)
    : upsert(what);
}

/** The primary has no such object, the replica has. */
function planUnlisted(entry: LedgerEntry | undefined, { destination }: Situation): PlannedChange | undefined {
  if (entry === undefined) return undefined;
  if (!isLive(entry)) {
    if (entry.state === 'synced') return undefined;
    if (entry.state === 'held') {
      const reason = entry.lastError?.text ?? 'gone from the primary; the delete guard decides';
      return { action: 'delete', reason, asksGuard: entry.lastError === undefined };
    }
    return { action: 'delete', reason: 'gone from the primary; waits to be deleted' };
  }
  // What another pair, or a person, put there stays.
  if (entry.owned !== destination && entry.claims === undefined) return undefined;
  const reason =
    entry.absent === undefined
      ? 'gone from the primary; deleted when a second inventory misses it too'
      : 'gone from the primary';
  return { action: 'delete', reason, asksGuard: true };
}
