import { type LedgerEntry, UNSYNCED_BUCKETS } from '../model/ledger-entry.ts';
import type { ObjectPath } from '../model/object-path.ts';
import type { Action } from '../model/phase.ts';
import type { Ledger } from '../ports/ledger.ts';
import { unsyncedEntries } from './unsynced-entries.ts';

/** An object of which the replica may differ, and why. Times are milliseconds since 1970. */
export interface UnsyncedObject {
  readonly path: ObjectPath;
  /** What is planned; for an absent object the delete that the next inventory may confirm. */
  readonly action: Action;
  readonly state: 'pending' | 'held' | 'parked' | 'absent';
  /** Since when the replica may differ. */
  readonly since?: number;
  readonly attempts: number;
  /** When it is tried again; undefined while a copy is under way and when only an operator can tell. */
  readonly nextAttemptAt?: number;
  /** One sentence for a person, never an object's content. */
  readonly reason: string;
}

/**
 * Every object of the pair that is not in sync, by path. Reads the ledger alone, while others may write it: an object that changes its
 * place meanwhile is listed once or has settled.
 */
export async function unsyncedObjects(ledger: Ledger): Promise<readonly UnsyncedObject[]> {
  const plans = new Map((await ledger.plans()).map((plan) => [plan.id, plan.reason]));
  const found = new Map<ObjectPath, UnsyncedObject>();
  for (const bucket of UNSYNCED_BUCKETS) {
    for await (const entry of unsyncedEntries(ledger, bucket)) {
      const state = typeof bucket === 'number' ? 'pending' : bucket;
      found.set(entry.path, {
        path: entry.path,
        action: state === 'absent' ? 'delete' : entry.action,
        state,
        since: entry.pendingSince,
        attempts: entry.attempts,
        nextAttemptAt: isTimed(entry, state) ? entry.nextAttemptAt : undefined,
        reason: reasonOf(entry, state, plans),
      });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** A time at which nothing but this object's own next attempt happens. */
const isTimed = (entry: LedgerEntry, state: UnsyncedObject['state']): boolean =>
  state !== 'absent' && entry.sentAt === undefined && entry.plan === undefined;

function reasonOf(entry: LedgerEntry, state: UnsyncedObject['state'], plans: ReadonlyMap<string, string>): string {
  if (state === 'absent') return 'the primary lists it no more; deleted when a second inventory confirms it';
  if (entry.plan !== undefined)
    return `held under plan ${entry.plan}: ${plans.get(entry.plan) ?? 'the guard holds it'}`;
  if (entry.lastError !== undefined) return entry.lastError.text;
  if (state === 'held') return 'the delete guard looks at it with the next poll';
  return entry.sentAt === undefined ? 'waits for its turn' : 'is being copied';
}
