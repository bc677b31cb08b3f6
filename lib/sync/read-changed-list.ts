import type { ListPath, ObjectRef } from '../model/object-path.ts';
import type { ListRow } from '../model/pair-state.ts';
import type { Seen } from '../model/seen.ts';
import type { Side } from '../model/side.ts';
import { contentsDigest, namesDigest, wholeDigest } from '../plan/list-digests.ts';
import type { ListPass } from '../plan/list-pass.ts';
import type { PairContext } from './pair-context.ts';
import { bodiesOf, type Members, nameBodies, readBodies, readBulk, readMembers, without } from './read-list.ts';

/** One list that a pass compares with the ledger. */
export interface ListComparison {
  readonly list: ListPath;
  readonly pass: ListPass;
  /** When the comparison began: what the ledger learnt since then cannot be judged by this reading of the list. */
  readonly readAt: number;
  /** What this epoch's last comparison of the list left. */
  readonly row: ListRow | undefined;
}

/** Whether a digest is that of a list whose entries are all as they should be. */
export type IsKnown = (part: 'names' | 'contents' | 'whole', digest: string) => boolean;

/** A list of which nothing changed. `members` is absent when not even its names had to be read. */
export interface UnchangedList {
  readonly isUnchanged: true;
  readonly members?: Members;
}

/** A list in which something may have changed, with what was read to find that out. */
export interface ChangedList {
  readonly isUnchanged: false;
  readonly members: Members;
  /** Digest of the names. */
  readonly names: string;
  /** What was read of the members so far, by name. */
  readonly seen: ReadonlyMap<string, Seen>;
  /** Frozen cookbook versions that need no reading in this pass. */
  readonly trusted: ReadonlySet<string>;
  /** Why objects of the list were not shown, one sentence each. */
  readonly unread: readonly string[];
}

/**
 * Reads as little of a list as shows that nothing of it changed, and answers what was read when something may have. Asks the ledger
 * nothing. Throws `ChefRequestError` when the list cannot be read.
 */
export async function readChangedList(
  ctx: PairContext,
  side: Side,
  { list, pass, row }: ListComparison,
  isKnown: IsKnown,
): Promise<UnchangedList | ChangedList> {
  const key = ctx.fingerprintKey;
  const way = bodiesOf(list);
  const readsBodies = pass.scope === 'contents' && way !== 'none';
  const bulk = readsBodies && way === 'bulk' ? await readBulk(ctx, side, list) : undefined;
  if (bulk !== undefined && isKnown('contents', contentsDigest(key, bulk))) return { isUnchanged: true };

  const members = await readMembers(ctx, side, list);
  const names = namesDigest(key, members.refs.keys());
  if (!readsBodies && isKnown('names', names)) return { isUnchanged: true, members };

  const trusted: ReadonlySet<string> = new Set(pass.isFull ? [] : row?.frozen);
  const seen = bulk ?? (way === 'none' ? nameBodies(ctx, members) : new Map<string, Seen>());
  const changed = { isUnchanged: false, members, names, seen, trusted, unread: [] } as const;
  // With other names the list has changed in any case, and its entries tell which bodies are worth a request.
  if (!readsBodies || way !== 'one by one' || row?.names?.digest !== names) return changed;

  const bodies = await readBodies(ctx, side, without(members.refs, trusted));
  const isUnchanged =
    isKnown('contents', contentsDigest(key, bodies.seen, trusted)) &&
    // That digest does not tell what frozen versions hold.
    (!pass.isFull || isKnown('whole', wholeDigest(key, bodies.seen)));
  return isUnchanged ? { isUnchanged, members } : { ...changed, ...bodies };
}

/**
 * The list with these objects read by themselves, in place of what was seen of them before: a search row that a GET could not confirm says
 * nothing. Throws `ChefRequestError` when the server fails.
 */
export async function readAgain(
  ctx: PairContext,
  side: Side,
  reading: ChangedList,
  refs: ReadonlyMap<string, ObjectRef>,
): Promise<ChangedList> {
  const again = await readBodies(ctx, side, refs);
  const kept = without(reading.seen, new Set(refs.keys()));
  return { ...reading, seen: new Map([...kept, ...again.seen]), unread: [...reading.unread, ...again.unread] };
}

/** Names of the versions that need no reading between full readings from now on, in order. */
export function frozenNames({ members, seen, trusted }: ChangedList): readonly string[] {
  const seenFrozen = [...seen].filter(([, { isFrozen }]) => isFrozen).map(([name]) => name);
  const stillTrusted = [...trusted].filter((name) => members.refs.has(name) && !seen.has(name));
  return [...seenFrozen, ...stillTrusted].sort();
}
