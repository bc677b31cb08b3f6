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
  /** No more objects are begun to be read then. */
  readonly isTimeOver: () => boolean;
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
  /** Time was over: members behind this name were not read. */
  readonly cutAt?: string;
}

/**
 * Reads as little of a list as shows that nothing of it changed, and answers what was read when something may have. Asks the ledger
 * nothing. Throws `ChefRequestError` when the list cannot be read.
 */
export async function readChangedList(
  ctx: PairContext,
  side: Side,
  { list, pass, row, isTimeOver }: ListComparison,
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
  if (!readsBodies || way !== 'one by one' || row?.names?.digest !== names || pass.after !== undefined) return changed;

  const bodies = await readBodies(ctx, side, without(members.refs, trusted), isTimeOver);
  const isUnchanged =
    isKnown('contents', contentsDigest(key, bodies.seen, trusted)) &&
    // That digest does not tell what frozen versions hold.
    (!pass.isFull || isKnown('whole', wholeDigest(key, bodies.seen)));
  return isUnchanged ? { isUnchanged, members } : { ...changed, ...bodies };
}

/**
 * The list with these objects read by themselves, in place of what was seen of them before: a search row that a GET could not confirm says
 * nothing. Of a list that is read in parts only those of this part are read. Throws `ChefRequestError` when the server fails.
 */
export async function readAgain(
  ctx: PairContext,
  side: Side,
  { pass: { after = '' }, isTimeOver }: ListComparison,
  reading: ChangedList,
  refs: ReadonlyMap<string, ObjectRef>,
): Promise<ChangedList> {
  const { cutAt } = reading;
  // What is outside of the part counts as not read, whatever a search row showed of it.
  const isInPart = (name: string): boolean => name > after && (cutAt === undefined || name <= cutAt);
  const ofPart = new Map([...refs].filter(([name]) => isInPart(name)));
  const again = await readBodies(ctx, side, ofPart, isTimeOver);
  const kept = without(reading.seen, new Set(refs.keys()));
  return {
    ...reading,
    seen: new Map([...kept, ...again.seen]),
    unread: [...reading.unread, ...again.unread],
    cutAt: again.cutAt ?? cutAt,
  };
}

/** Whether this is a part of a list that is longer than the time of one poll: no digest of bodies can stand for it. */
export const isPart = ({ pass }: ListComparison, { cutAt }: ChangedList): boolean =>
  pass.after !== undefined || cutAt !== undefined;

/** Names of the versions that need no reading between full readings from now on, in order. */
export function frozenNames(comparison: ListComparison, reading: ChangedList): readonly string[] {
  const { members, seen, trusted } = reading;
  const seenFrozen = [...seen].filter(([, { isFrozen }]) => isFrozen).map(([name]) => name);
  // What another part of the list showed counts as it was.
  const before = isPart(comparison, reading) ? (comparison.row?.frozen ?? []) : [...trusted];
  const stillTrusted = before.filter((name) => members.refs.has(name) && !seen.has(name));
  return [...seenFrozen, ...stillTrusted].sort();
}
