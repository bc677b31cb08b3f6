import { isLive, isUnsettled, type LedgerEntry } from '../model/ledger-entry.ts';
import { isListOfContainers, type ListPath, nameInList, trustedRef } from '../model/object-path.ts';
import type { ListRow } from '../model/pair-state.ts';
import { contentsDigest, wholeDigest } from '../plan/list-digests.ts';
import type { ListPass } from '../plan/list-pass.ts';
import { mustBeReadThere } from '../plan/replica-evidence.ts';
import { compareReplicaEntry } from './compare-replica-entry.ts';
import type { PairContext } from './pair-context.ts';
import {
  type ChangedList,
  frozenNames,
  isPart,
  type ListComparison,
  readAgain,
  readChangedList,
} from './read-changed-list.ts';
import type { Members } from './read-list.ts';

/** What a list of the replica taught. `members` is absent when the list was not read because nothing of it changed. */
export interface ReplicaFindings {
  readonly drifted: number;
  readonly members?: Members;
  /** Why objects of the list were not shown, one sentence each. */
  readonly unread?: readonly string[];
  /** Time was over: the bodies of members behind this name are still to be compared. */
  readonly cutAt?: string;
}

/**
 * Compares one list of the replica with what the ledger left there. What is missing or different is repaired (a new version, pending) or
 * reported (parked), as configured; found changed again by the next pass it is reported in either case. What waits to be copied and is
 * found equal to the primary is settled at once. Objects that only the replica has are counted and never touched. Throws
 * `ChefRequestError` when the list cannot be read.
 */
export async function compareReplicaList(
  ctx: PairContext,
  list: ListPath,
  pass: ListPass,
  isTimeOver = () => false,
): Promise<ReplicaFindings> {
  const readAt = ctx.clock.now();
  const found = await ctx.ledger.readList('replica', list);
  const row = found?.epoch === pass.epoch ? found : undefined;
  const comparison: ListComparison = { list, pass, readAt, row, isTimeOver };
  const against = await primaryDigests(ctx, list, pass.epoch);
  const first = await readChangedList(ctx, 'replica', comparison, (part, digest) => {
    const known = row?.[part];
    return known?.digest === digest && known.against !== undefined && known.against === against[part];
  });
  if (first.isUnchanged) return { drifted: 0, members: first.members };

  const entries = (await ctx.ledger.entriesOf(list)).filter((entry) => ctx.rules.isWanted(trustedRef(entry.path)));
  const reading = pass.scope === 'contents' ? await completeBodies(ctx, comparison, first, entries) : first;
  const { members, unread, cutAt } = reading;
  const { drifted, unsettled } = await compareEntries(ctx, comparison, reading, entries);
  const known = new Set(entries.filter((entry) => isLive(entry) || isUnsettled(entry)).map(nameOf));
  await storeDigests(ctx, comparison, reading, {
    against,
    // What was not shown was not compared, so no digest may stand for it.
    isAllEqual: unsettled === 0 && unread.length === 0 && !isPart(comparison, reading),
    extraCount: [...members.refs.keys()].filter((name) => !known.has(name)).length + members.unusable.length,
  });
  return { drifted, members, unread, cutAt };
}

const nameOf = (entry: LedgerEntry): string => nameInList(trustedRef(entry.path));

/** The digests of a list by what they stand for. */
type PrimaryDigests = { readonly [Part in 'names' | 'contents' | 'whole']?: string };

/** The primary's digests of the same list. While it has none the replica is always compared entry by entry. */
async function primaryDigests(ctx: PairContext, list: ListPath, epoch: number): Promise<PrimaryDigests> {
  const row = await ctx.ledger.readList('primary', list);
  if (row === undefined || row.epoch !== epoch) return {};
  return { names: row.names?.digest, contents: row.contents?.digest, whole: row.whole?.digest };
}

/** Reads by itself what bulk reading could not show and what a search row shows as different. */
async function completeBodies(
  ctx: PairContext,
  comparison: ListComparison,
  reading: ChangedList,
  entries: readonly LedgerEntry[],
): Promise<ChangedList> {
  const { members, seen, trusted } = reading;
  const now = ctx.clock.now();
  const toRead = entries.flatMap((entry) => {
    const name = nameOf(entry);
    const ref = members.refs.get(name);
    const known = { seen: seen.get(name), isTrusted: trusted.has(name), now };
    return ref !== undefined && mustBeReadThere(entry, known) ? [[name, ref] as const] : [];
  });
  return await readAgain(ctx, 'replica', comparison, reading, new Map(toRead));
}

/** Compares the entries one by one. Answers how many drifted, and how many are not known to be as the ledger left them. */
async function compareEntries(
  ctx: PairContext,
  comparison: ListComparison,
  { members, seen }: ChangedList,
  entries: readonly LedgerEntry[],
): Promise<{ readonly drifted: number; readonly unsettled: number }> {
  let drifted = 0;
  let unsettled = 0;
  for (const entry of entries) {
    const name = nameOf(entry);
    const shown = { isListed: members.refs.has(name), seen: seen.get(name) };
    const result = await compareReplicaEntry(ctx, comparison, entry, shown);
    if (result === 'drifted') drifted += 1;
    if (result !== 'equal') unsettled += 1;
  }
  if (isListOfContainers(comparison.list)) {
    const lost = entries.filter((entry) => isLive(entry) && !members.refs.has(nameOf(entry)));
    drifted += await compareItemsOf(ctx, comparison, lost);
    // An item's copier may make a bag that is not expected here itself (a baseline's), and the digest would not miss it again.
    unsettled += lost.length;
  }
  return { drifted, unsettled };
}

/** A data bag that the replica lost took its items along, though nobody can list them. Answers how many of them are missed. */
async function compareItemsOf(
  ctx: PairContext,
  comparison: ListComparison,
  lostBags: readonly LedgerEntry[],
): Promise<number> {
  let drifted = 0;
  for (const bag of lostBags) {
    for (const item of await ctx.ledger.entriesOf(bag.path)) {
      if (!ctx.rules.isWanted(trustedRef(item.path))) continue;
      const result = await compareReplicaEntry(ctx, comparison, item, { isListed: false, seen: undefined });
      if (result === 'drifted') drifted += 1;
    }
  }
  return drifted;
}

/** What a comparison leaves for the next one. */
interface Compared {
  /** The primary's digests that the list was compared with. */
  readonly against: PrimaryDigests;
  /** Every entry is settled and found as the ledger left it. */
  readonly isAllEqual: boolean;
  /** Members that only the replica has. */
  readonly extraCount: number;
}

/** Stores the digests of a list that is all equal, so that it need not be compared again, and in any case what status counts. */
async function storeDigests(
  ctx: PairContext,
  comparison: ListComparison,
  reading: ChangedList,
  { against, isAllEqual, extraCount }: Compared,
): Promise<void> {
  const { list, pass, row } = comparison;
  const key = ctx.fingerprintKey;
  const { names, seen } = reading;
  const digestsOfBodies = (): Pick<ListRow, 'contents' | 'whole' | 'frozen'> => {
    if (pass.scope === 'names') {
      const kept = row?.names?.digest === names ? row : undefined;
      return { contents: kept?.contents, whole: kept?.whole, frozen: row?.frozen };
    }
    const frozen = frozenNames(comparison, reading);
    const contents = { digest: contentsDigest(key, seen, frozen), against: against.contents };
    const whole = { digest: wholeDigest(key, seen), against: against.whole };
    return {
      contents: isAllEqual ? contents : undefined,
      whole: isAllEqual && pass.isFull ? whole : undefined,
      frozen,
    };
  };
  await ctx.ledger.updateList('replica', list, (current) => ({
    side: 'replica',
    list,
    epoch: pass.epoch,
    generation: current?.generation ?? 0,
    extraCount,
    names: isAllEqual ? { digest: names, against: against.names } : undefined,
    ...digestsOfBodies(),
  }));
}
