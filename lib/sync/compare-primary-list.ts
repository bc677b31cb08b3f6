import {
  baseline,
  clearAbsent,
  isLive,
  isUnsettled,
  type LedgerEntry,
  markAbsent,
  noteSeen,
  observe,
  unsyncedBucket,
} from '../model/ledger-entry.ts';
import { OBJECT_KINDS } from '../model/object-kind.ts';
import { isListOfContainers, type ListPath, nameInList, type ObjectRef, trustedRef } from '../model/object-path.ts';
import type { ListRow, Pass } from '../model/pair-state.ts';
import { isSameVersion } from '../model/version.ts';
import { listDigest } from '../plan/fingerprint.ts';
import { mayNameContent, type PairContext } from './pair-context.ts';
import {
  bodiesOf,
  type Members,
  nameBodies,
  namesDigest,
  type OnUnread,
  readBodies,
  readBulk,
  readMembers,
  type Seen,
  wholeDigest,
  without,
} from './read-list.ts';
import { voidList } from './void-list.ts';

/** What the comparison of one list needs to know of its pass. */
export interface ListPass extends Pick<Pass, 'scope' | 'isFull'> {
  readonly number: number;
  readonly firstOfEpoch: number;
  /** Absences noted by this number or a later one belong to this poll: they cannot confirm themselves. */
  readonly firstOfPoll: number;
  readonly epoch: number;
  readonly trustFrom: number;
  /** `bootstrap: false` and the baseline is not complete: what is new is taken as it is. */
  readonly takesBaseline: boolean;
}

/** What a list taught. `members` is absent when the list was not read because nothing of it changed. */
export interface ListFindings {
  readonly observed: number;
  readonly absent: number;
  readonly members?: Members;
  /** Why objects of the list were not shown, one sentence each. */
  readonly unread?: readonly string[];
}

const UNCHANGED: ListFindings = { observed: 0, absent: 0 };

/**
 * Compares one list of the primary with the ledger. Afterwards every listed object that is new, different or awaited as deleted is
 * pending; every live entry that is not listed is marked absent, or held as a delete when an earlier inventory of the epoch missed it
 * too. An unchanged list reads no ledger entry. Throws `ChefRequestError` when the list cannot be read; then nothing of it changes.
 */
export async function comparePrimaryList(ctx: PairContext, list: ListPath, pass: ListPass): Promise<ListFindings> {
  const startedAt = ctx.clock.now();
  const found = await ctx.ledger.readList('primary', list);
  const row = found?.epoch === pass.epoch ? found : undefined;
  const readsBodies = pass.scope === 'contents';
  const bulk = readsBodies && bodiesOf(list) === 'bulk' ? await readBulk(ctx, 'primary', list) : undefined;
  if (bulk !== undefined && row?.contents?.digest === contentsDigest(ctx, bulk)) return UNCHANGED;

  const unread: string[] = [];
  const onUnread: OnUnread = (_ref, reason) => unread.push(reason);
  const members = await readMembers(ctx, 'primary', list);
  const names = namesDigest(ctx, members);
  const areNamesKnown = row?.names?.digest === names;
  if (areNamesKnown && (!readsBodies || bodiesOf(list) === 'none')) return { ...UNCHANGED, members };
  const frozen = new Set(pass.isFull ? [] : row?.frozen);
  let bodies = bulk ?? (bodiesOf(list) === 'none' ? nameBodies(ctx, members) : new Map<string, Seen>());
  if (readsBodies && areNamesKnown && bodiesOf(list) === 'one by one') {
    bodies = await readBodies(ctx, 'primary', without(members.refs, frozen), onUnread);
    const isUnchanged = row?.contents?.digest === contentsDigest(ctx, withFrozen(bodies, frozen));
    // That digest holds frozen versions by name alone.
    const isWholeUnchanged = !pass.isFull || row?.whole?.digest === wholeDigest(ctx, bodies);
    if (isUnchanged && isWholeUnchanged) return { ...UNCHANGED, members };
  }

  const entries = new Map(
    (await ctx.ledger.entriesOf(list)).map((entry) => [nameInList(trustedRef(entry.path)), entry]),
  );
  bodies = await completeBodies(ctx, pass, members, { entries, bodies, frozen, onUnread });
  // Before the first observation: a poll that dies on the way must not leave a digest that the primary may go back to (A → B → A).
  const isDigestOutdated = row?.contents !== undefined || (row?.names !== undefined && !areNamesKnown);
  const generation = isDigestOutdated ? await voidList(ctx, list, pass.epoch) : found?.generation;
  let observed = 0;
  for (const [name, ref] of members.refs) {
    if (
      await compareMember(ctx, pass, { ref, entry: entries.get(name), seen: bodies.get(name), listReadAt: startedAt })
    )
      observed += 1;
  }
  const unlisted = [...entries.values()].filter(
    (entry) => ctx.rules.isWanted(trustedRef(entry.path)) && !members.refs.has(nameInList(trustedRef(entry.path))),
  );
  const missing = unlisted.filter(isLive);
  const absent =
    (await noteMissing(ctx, list, pass, missing, startedAt)) +
    (isListOfContainers(list) ? await noteItemsOf(ctx, pass, unlisted, startedAt) : 0);
  const isSettled = absent === 0 && ![...entries.values()].some((entry) => isDeletedSince(entry, startedAt));
  await storeDigests(ctx, list, pass, generation, {
    names: isSettled ? names : undefined,
    bodies: readsBodies && isSettled ? bodies : undefined,
    members,
    frozen,
    missingCount: missing.length,
    leavingCount: unlisted.filter((entry) => !isLive(entry) && isUnsettled(entry)).length,
  });
  return { observed, absent, members, unread };
}

/** Frozen versions stand in a contents digest by name: what they hold is trusted. */
const FROZEN: Seen = { fingerprint: 'frozen', isFrozen: true, isFromSearch: false };

const withFrozen = (bodies: ReadonlyMap<string, Seen>, frozen: ReadonlySet<string>): ReadonlyMap<string, Seen> =>
  new Map([...bodies, ...[...frozen].map((name) => [name, FROZEN] as const)]);

const contentsDigest = (ctx: PairContext, bodies: ReadonlyMap<string, Seen>): string =>
  listDigest(
    ctx.fingerprintKey,
    [...bodies].map(([name, seen]) => [name, seen.isFrozen ? FROZEN.fingerprint : seen.fingerprint]),
  );

/** What is known of a list before its objects are read one by one. */
interface Known {
  readonly entries: ReadonlyMap<string, LedgerEntry>;
  readonly bodies: ReadonlyMap<string, Seen>;
  readonly frozen: ReadonlySet<string>;
  readonly onUnread: OnUnread;
}

/**
 * Adds what bulk reading could not show, and a GET for every difference that only a search row showed. An object that waits to be copied
 * needs no reading: its copier reads it.
 */
async function completeBodies(
  ctx: PairContext,
  pass: ListPass,
  members: Members,
  { entries, bodies, frozen, onUnread }: Known,
): Promise<ReadonlyMap<string, Seen>> {
  const toRead = new Map<string, ObjectRef>();
  const trusted = new Map(bodies);
  for (const [name, ref] of members.refs) {
    const entry = entries.get(name);
    if (entry !== undefined && isToldOf(entry) && bodies.get(name)?.isFromSearch === true) trusted.delete(name);
    const seen = trusted.get(name);
    if (entry === undefined || !isLive(entry)) {
      // A new definition is copied only as it was read before the content was listed.
      const isDefinition = OBJECT_KINDS[ref.kind].stage > 1;
      if (seen === undefined && (isDefinition || (entry === undefined && pass.takesBaseline))) toRead.set(name, ref);
      continue;
    }
    const isReadByCopier = entry.state === 'pending' && entry.sentAt === undefined;
    if (pass.scope === 'names' || (isReadByCopier && seen === undefined)) continue;
    const isTrusted = seen === undefined && frozen.has(name) && entry.isFrozen === true;
    const isDoubtful = seen === undefined || (seen.isFromSearch && seen.fingerprint !== entry.seen);
    if (isDoubtful && !isTrusted) toRead.set(name, ref);
  }
  const read = await readBodies(ctx, 'primary', toRead, onUnread);
  // A doubtful row that a GET could not confirm says nothing.
  return new Map([...without(trusted, new Set(toRead.keys())), ...read]);
}

/** Something told of a change or a delete and nobody has read the object since: a search row may be older than that and says nothing. */
const isToldOf = (entry: LedgerEntry): boolean =>
  !isLive(entry) || (entry.state === 'pending' && entry.seen === undefined);

/** Deleted after the list was read: that it is listed says nothing. */
const isDeletedSince = (entry: LedgerEntry, listReadAt: number): boolean =>
  !isLive(entry) && entry.state === 'synced' && (entry.settledAt ?? 0) >= listReadAt;

/** A listed object, and what is known of it. */
interface Member {
  readonly ref: ObjectRef;
  readonly entry: LedgerEntry | undefined;
  readonly seen: Seen | undefined;
  readonly listReadAt: number;
}

/** Answers whether the entry has a new version. */
async function compareMember(
  ctx: PairContext,
  pass: ListPass,
  { ref, entry, seen, listReadAt }: Member,
): Promise<boolean> {
  const { path } = ref;
  const now = ctx.clock.now();
  const observation = {
    path,
    action: 'upsert',
    epoch: pass.epoch,
    now,
    by: 'inventory',
    seen: seen?.fingerprint,
    isFrozen: seen?.isFrozen,
    waitsForContent: mayNameContent(ctx, ref) ? now : undefined,
  } as const;
  if (entry === undefined) {
    if (pass.takesBaseline && seen === undefined) return false;
    const { isChanged } = await ctx.ledger.update(path, (current) => {
      if (current !== undefined) return undefined;
      return pass.takesBaseline && seen !== undefined
        ? baseline({ path, epoch: pass.epoch, now, seen: seen.fingerprint, isFrozen: seen.isFrozen })
        : observe(undefined, observation);
    });
    return isChanged && !pass.takesBaseline;
  }
  if (isDeletedSince(entry, listReadAt)) return false;
  const isDifferent =
    !isLive(entry) ||
    (entry.version.epoch < pass.trustFrom && entry.state !== 'pending') ||
    (seen !== undefined && seen.fingerprint !== entry.seen);
  if (!isDifferent) {
    if (entry.absent !== undefined) await ctx.ledger.update(path, clearAbsent);
    return false;
  }
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

/** Live entries that a complete list lacks: marked, or held as deletes. Answers how many of them stay absent. */
async function noteMissing(
  ctx: PairContext,
  list: ListPath,
  pass: ListPass,
  missing: readonly LedgerEntry[],
  listReadAt: number,
): Promise<number> {
  // An entry observed after the list was read cannot be expected in it.
  const expected = missing.filter(
    (entry) => (entry.pendingSince ?? entry.settledAt ?? 0) < listReadAt || entry.absent !== undefined,
  );
  if (expected.length === 0) return missing.length;
  await voidList(ctx, list, pass.epoch);
  for (const entry of expected) {
    const now = ctx.clock.now();
    await ctx.ledger.update(entry.path, (current) => {
      if (current === undefined || !isSameVersion(current.version, entry.version)) return undefined;
      return isConfirmedAbsent(current, pass)
        ? observe(current, { path: entry.path, action: 'delete', epoch: pass.epoch, now, by: 'inventory' })
        : markAbsent(current, pass, now);
    });
  }
  return missing.length;
}

/** Missed by an earlier inventory of this epoch too, in an earlier poll: the second names pass. */
const isConfirmedAbsent = (entry: LedgerEntry, pass: ListPass): boolean =>
  entry.absent !== undefined &&
  entry.absent >= pass.firstOfEpoch &&
  entry.absent < Math.min(pass.number, pass.firstOfPoll) &&
  unsyncedBucket(entry) !== 'held';

/**
 * The complete list of bags lacks these bags: their items are absent with them, though nobody can list them. That holds for a bag whose
 * delete is done or under way too: a late event may have made an item of it live again. Answers how many items stay absent.
 */
async function noteItemsOf(
  ctx: PairContext,
  pass: ListPass,
  bags: readonly LedgerEntry[],
  listReadAt: number,
): Promise<number> {
  let absent = 0;
  for (const bag of bags) {
    const items = (await ctx.ledger.entriesOf(bag.path)).filter(
      (entry) => isLive(entry) && ctx.rules.isWanted(trustedRef(entry.path)),
    );
    absent += await noteMissing(ctx, bag.path, pass, items, listReadAt);
  }
  return absent;
}

interface Comparison {
  readonly names: string | undefined;
  readonly bodies: ReadonlyMap<string, Seen> | undefined;
  readonly members: Members;
  readonly frozen: ReadonlySet<string>;
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
  list: ListPath,
  pass: ListPass,
  generation: number | undefined,
  found: Comparison,
): Promise<void> {
  const { members, bodies } = found;
  const isComplete =
    bodies !== undefined && [...members.refs.keys()].every((name) => bodies.has(name) || found.frozen.has(name));
  const nowFrozen = bodies && [...bodies].filter(([, seen]) => seen.isFrozen).map(([name]) => name);
  const stillTrusted = [...found.frozen].filter((name) => members.refs.has(name) && bodies?.has(name) !== true);
  const frozen = nowFrozen && [...nowFrozen, ...stillTrusted].sort();
  const contents = isComplete ? { digest: contentsDigest(ctx, withFrozen(bodies, new Set(frozen))) } : undefined;
  await ctx.ledger.updateList('primary', list, (row) => {
    const base: ListRow = row ?? { side: 'primary', list, epoch: pass.epoch, generation: 0 };
    const count = members.refs.size + found.missingCount + found.leavingCount;
    if (row !== undefined && row.generation !== (generation ?? 0)) return { ...base, epoch: pass.epoch, count };
    const isSameEpoch = row?.epoch === pass.epoch;
    return {
      ...base,
      epoch: pass.epoch,
      count,
      names: found.names === undefined ? undefined : { digest: found.names },
      contents,
      whole: pass.isFull && isComplete ? { digest: wholeDigest(ctx, bodies) } : undefined,
      frozen: frozen ?? (isSameEpoch ? row?.frozen : undefined),
    };
  });
}
