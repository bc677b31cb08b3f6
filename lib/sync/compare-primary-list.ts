import {
  baseline,
  clearAbsent,
  isLive,
  isUnsettled,
  type LedgerEntry,
  noteSeen,
  observe,
} from '../model/ledger-entry.ts';
import { type ListPath, nameInList, type ObjectRef, trustedRef } from '../model/object-path.ts';
import type { ListRow } from '../model/pair-state.ts';
import type { Seen } from '../model/seen.ts';
import { isSameVersion } from '../model/version.ts';
import { contentsDigest, wholeDigest } from '../plan/list-digests.ts';
import type { ListPass } from '../plan/list-pass.ts';
import { isDeletedSince, isNewsTo, isOutdatedRow, mustBeRead } from '../plan/primary-evidence.ts';
import { noteAbsences } from './note-absences.ts';
import { mayNameContent, type PairContext } from './pair-context.ts';
import { type ChangedList, frozenNames, type ListComparison, readAgain, readChangedList } from './read-changed-list.ts';
import type { Members } from './read-list.ts';
import { voidList } from './void-list.ts';

/** What a list taught. `members` is absent when the list was not read because nothing of it changed. */
export interface ListFindings {
  readonly observed: number;
  readonly absent: number;
  readonly members?: Members;
  /** Why objects of the list were not shown, one sentence each. */
  readonly unread?: readonly string[];
  /** Time was over: the bodies of members behind this name are still to be compared. */
  readonly cutAt?: string;
}

/**
 * Compares one list of the primary with the ledger. Afterwards every listed object that is new, different or awaited as deleted is
 * pending; every live entry that is not listed is marked absent, or held as a delete when an earlier inventory of the epoch missed it
 * too. An unchanged list reads no ledger entry. A list is always compared by all of its names, and by its bodies as far as time goes. Throws
 * `ChefRequestError` when the list cannot be read; then nothing of it changes.
 */
export async function comparePrimaryList(
  ctx: PairContext,
  list: ListPath,
  pass: ListPass,
  isTimeOver = () => false,
): Promise<ListFindings> {
  const readAt = ctx.clock.now();
  const found = await ctx.ledger.readList('primary', list);
  const row = found?.epoch === pass.epoch ? found : undefined;
  const comparison: ListComparison = { list, pass, readAt, row, isTimeOver };
  const first = await readChangedList(ctx, 'primary', comparison, (part, digest) => row?.[part]?.digest === digest);
  if (first.isUnchanged) return { observed: 0, absent: 0, members: first.members };

  const entries = new Map(
    (await ctx.ledger.entriesOf(list)).map((entry) => [nameInList(trustedRef(entry.path)), entry]),
  );
  const reading = await completeBodies(ctx, comparison, first, entries);
  const { members, seen, unread, cutAt } = reading;
  // Before the first observation: a poll that dies on the way must not leave a digest that the primary may go back to (A → B → A).
  const isDigestOutdated =
    row?.contents !== undefined || (row?.names !== undefined && row.names.digest !== reading.names);
  const generation = isDigestOutdated ? await voidList(ctx, list, pass.epoch) : found?.generation;
  let observed = 0;
  for (const [name, ref] of members.refs) {
    const member = { ref, entry: entries.get(name), seen: seen.get(name) };
    if (await compareMember(ctx, comparison, member)) observed += 1;
  }
  const unlisted = [...entries.values()].filter(
    (entry) => ctx.rules.isWanted(trustedRef(entry.path)) && !members.refs.has(nameInList(trustedRef(entry.path))),
  );
  const absent = await noteAbsences(ctx, comparison, unlisted);
  await storeDigests(ctx, comparison, reading, {
    generation,
    isSettled: absent === 0 && ![...entries.values()].some((entry) => isDeletedSince(entry, readAt)),
    missingCount: unlisted.filter(isLive).length,
    leavingCount: unlisted.filter((entry) => !isLive(entry) && isUnsettled(entry)).length,
  });
  return { observed, absent, members, unread, cutAt };
}

/** Adds what bulk reading could not show, and a GET for every difference that only a search row showed. */
async function completeBodies(
  ctx: PairContext,
  comparison: ListComparison,
  reading: ChangedList,
  entries: ReadonlyMap<string, LedgerEntry>,
): Promise<ChangedList> {
  const { members, seen, trusted } = reading;
  const isBelieved = (name: string, row: Seen): boolean =>
    !members.refs.has(name) || !isOutdatedRow(entries.get(name), row);
  const believed = new Map([...seen].filter(([name, row]) => isBelieved(name, row)));
  const toRead = [...members.refs].filter(([name, { kind }]) =>
    mustBeRead(
      { kind, entry: entries.get(name), seen: believed.get(name), isTrusted: trusted.has(name) },
      comparison.pass,
    ),
  );
  return await readAgain(ctx, 'primary', comparison, { ...reading, seen: believed }, new Map(toRead));
}

/** A listed object, and what is known of it. */
interface Member {
  readonly ref: ObjectRef;
  readonly entry: LedgerEntry | undefined;
  readonly seen: Seen | undefined;
}

/** Answers whether the entry has a new version. */
async function compareMember(
  ctx: PairContext,
  { pass, readAt }: ListComparison,
  { ref, entry, seen }: Member,
): Promise<boolean> {
  const { path } = ref;
  if (entry === undefined) return await takeNew(ctx, pass, ref, seen);
  if (isDeletedSince(entry, readAt)) return false;
  if (!isNewsTo(entry, seen, pass)) {
    if (entry.absent !== undefined) await ctx.ledger.update(path, clearAbsent);
    return false;
  }
  const observation = observationOf(ctx, pass, ref, seen);
  let isObserved = false;
  await ctx.ledger.update(path, (current) => {
    isObserved = false;
    // Somebody else was faster and knows better; the next inventory compares again.
    if (current === undefined || !isSameVersion(current.version, entry.version)) return clearAbsent(current);
    const noted =
      seen !== undefined && isLive(current)
        ? noteSeen(current, current.version, seen.fingerprint, observation.waitsForContent)
        : undefined;
    if (noted !== undefined) return clearAbsent(noted) ?? noted;
    isObserved = true;
    return observe(current, observation);
  });
  return isObserved;
}

/** An object that the ledger does not know: to be copied, or part of the baseline as it is. Answers whether it is to be copied. */
async function takeNew(ctx: PairContext, pass: ListPass, ref: ObjectRef, seen: Seen | undefined): Promise<boolean> {
  // What cannot be compared later cannot be a baseline.
  if (pass.takesBaseline && seen === undefined) return false;
  const observation = observationOf(ctx, pass, ref, seen);
  const { isChanged } = await ctx.ledger.update(ref.path, (current) => {
    if (current !== undefined) return undefined;
    return pass.takesBaseline && seen !== undefined
      ? baseline({ ...observation, seen: seen.fingerprint })
      : observe(undefined, observation);
  });
  return isChanged && !pass.takesBaseline;
}

function observationOf(ctx: PairContext, { epoch }: ListPass, ref: ObjectRef, seen: Seen | undefined) {
  const now = ctx.clock.now();
  return {
    path: ref.path,
    action: 'upsert',
    epoch,
    now,
    by: 'inventory',
    seen: seen?.fingerprint,
    isFrozen: seen?.isFrozen,
    waitsForContent: mayNameContent(ctx, ref) ? now : undefined,
  } as const;
}

/** What a comparison leaves for the next one, and for the guard. */
interface Compared {
  /** Of the digests, when the comparison began. */
  readonly generation: number | undefined;
  /** Nothing of the list is absent, or was deleted since it was read. */
  readonly isSettled: boolean;
  /** Live entries that the list lacks. */
  readonly missingCount: number;
  /** Deletes that are held or under way. The guard counts them and what is missing as members, or an emptied list would pass as a small one. */
  readonly leavingCount: number;
}

/**
 * Stores what was compared, after its observations, and only while nothing of the list is absent and nobody else voided it since the pass
 * read it. The count is stored in any case, for the guard.
 */
async function storeDigests(
  ctx: PairContext,
  comparison: ListComparison,
  reading: ChangedList,
  found: Compared,
): Promise<void> {
  const { list, pass } = comparison;
  const { members, names, trusted } = reading;
  const key = ctx.fingerprintKey;
  const seen = pass.scope === 'contents' && found.isSettled ? reading.seen : undefined;
  const isComplete =
    seen !== undefined && [...members.refs.keys()].every((name) => seen.has(name) || trusted.has(name));
  const frozen = seen && frozenNames(comparison, reading);
  await ctx.ledger.updateList('primary', list, (row) => {
    const base: ListRow = row ?? { side: 'primary', list, epoch: pass.epoch, generation: 0 };
    const count = members.refs.size + found.missingCount + found.leavingCount;
    if (row !== undefined && row.generation !== (found.generation ?? 0)) return { ...base, epoch: pass.epoch, count };
    const isSameEpoch = row?.epoch === pass.epoch;
    return {
      ...base,
      epoch: pass.epoch,
      count,
      names: found.isSettled ? { digest: names } : undefined,
      contents: isComplete ? { digest: contentsDigest(key, seen, frozen) } : undefined,
      whole: pass.isFull && isComplete ? { digest: wholeDigest(key, seen) } : undefined,
      frozen: frozen ?? (isSameEpoch ? row?.frozen : undefined),
    };
  });
}
