import { type LedgerEntry, UNSYNCED_BUCKETS } from '../model/ledger-entry.ts';
import { OBJECT_KINDS } from '../model/object-kind.ts';
import { type ObjectPath, trustedRef } from '../model/object-path.ts';
import type { Action } from '../model/phase.ts';
import { objectFilter } from '../plan/object-filter.ts';
import type { Ledger } from '../ports/ledger.ts';

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

/** Which of the unsynced objects are meant; all of them without a word. */
export interface UnsyncedFilter {
  readonly state?: UnsyncedObject['state'];
  /** In the spelling of the configuration's globs: `roles/web-*`, `data_bags/users`. */
  readonly glob?: string;
}

/** Some unsynced objects, in no order. */
export interface UnsyncedPage {
  readonly objects: readonly UnsyncedObject[];
  /** Where the next page begins; undefined at the end. */
  readonly next?: string;
}

/** Entries of the index read for a page: with their reasons, which are bounded, far less than a megabyte. */
const ENTRIES_PER_PAGE = 500;

/**
 * A page of the objects that are not in sync, from `after` on. Reads the ledger alone, while others may write it: an object that changes
 * its place between two pages may be on both or on none of them.
 */
export async function unsyncedPage(ledger: Ledger, filter: UnsyncedFilter, after?: string): Promise<UnsyncedPage> {
  const { state: wanted, glob } = filter;
  const isMeant = glob === undefined ? undefined : objectFilter({ objects: 'all', include: [glob], exclude: [] });
  const plans = new Map((await ledger.plans()).map((plan) => [plan.id, plan.reason]));
  const objects: UnsyncedObject[] = [];
  let place = placeOf(after);
  let read = 0;
  while (read < ENTRIES_PER_PAGE) {
    const bucket = UNSYNCED_BUCKETS[place.index];
    if (bucket === undefined) return { objects };
    const state = typeof bucket === 'number' ? 'pending' : bucket;
    if (wanted !== undefined && wanted !== state) {
      place = { index: place.index + 1 };
      continue;
    }
    const { entries, next } = await ledger.unsynced(bucket, { limit: ENTRIES_PER_PAGE - read, after: place.after });
    read += entries.length;
    for (const entry of entries) {
      if (isMeant?.(trustedRef(entry.path)) === false) continue;
      objects.push({
        path: entry.path,
        action: state === 'absent' ? 'delete' : entry.action,
        state,
        since: entry.pendingSince,
        attempts: entry.attempts,
        nextAttemptAt: isTimed(entry, state) ? entry.nextAttemptAt : undefined,
        reason: reasonOf(entry, state, plans),
      });
    }
    place = next === undefined ? { index: place.index + 1 } : { index: place.index, after: next };
  }
  return { objects, next: placeText(place) };
}

/** All of the pages that `pageAfter` answers, by path; an object that changed its place meanwhile is there once or has settled. */
export async function allUnsynced(
  pageAfter: (after: string | undefined) => Promise<UnsyncedPage>,
): Promise<readonly UnsyncedObject[]> {
  const found = new Map<ObjectPath, UnsyncedObject>();
  let after: string | undefined;
  do {
    const page = await pageAfter(after);
    for (const object of page.objects) found.set(object.path, object);
    after = page.next;
  } while (after !== undefined);
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Every object of the pair that is not in sync, by path. Reads the ledger alone. */
export const unsyncedObjects = (ledger: Ledger, filter: UnsyncedFilter = {}): Promise<readonly UnsyncedObject[]> =>
  allUnsynced((after) => unsyncedPage(ledger, filter, after));

interface Place {
  /** Of the bucket. */
  readonly index: number;
  readonly after?: string;
}

const placeText = ({ index, after = '' }: Place): string => `${index} ${after}`;

function placeOf(text = '0 '): Place {
  const space = text.indexOf(' ');
  const after = text.slice(space + 1);
  return { index: Number(text.slice(0, space)), ...(after !== '' && { after }) };
}

/** A time at which nothing but this object's own next attempt happens. */
const isTimed = (entry: LedgerEntry, state: UnsyncedObject['state']): boolean =>
  state !== 'absent' && state !== 'held' && entry.sentAt === undefined && entry.plan === undefined;

function reasonOf(entry: LedgerEntry, state: UnsyncedObject['state'], plans: ReadonlyMap<string, string>): string {
  if (state === 'absent') return 'the primary lists it no more; deleted when a second inventory confirms it';
  if (entry.plan !== undefined)
    return `held under plan ${entry.plan}: ${plans.get(entry.plan) ?? 'the guard holds it'}`;
  if (entry.lastError !== undefined) return entry.lastError.text;
  if (state === 'held') {
    return OBJECT_KINDS[trustedRef(entry.path).kind].isNamedByDefinitions
      ? 'the delete guard looks at it when no delete of a role or an environment is left'
      : 'the delete guard looks at it with the next poll';
  }
  if (entry.sentAt !== undefined) return 'is being copied';
  return entry.action === 'delete'
    ? 'waits for its turn: deletes go when every copy before them is done, a data bag after its items'
    : 'waits for its turn';
}
