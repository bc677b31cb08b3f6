import {
  DRIFT_CODES,
  driftIsGone,
  hasClaimed,
  isDriftReport,
  isLive,
  isUnsettled,
  type LedgerEntry,
  mayBeHalfWritten,
  observe,
  reportDrift,
  settle,
  unsyncedBucket,
} from '../model/ledger-entry.ts';
import { isListOfContainers, type ListPath, nameInList, type ObjectRef, trustedRef } from '../model/object-path.ts';
import type { Digest, PassScope } from '../model/pair-state.ts';
import { isSameVersion } from '../model/version.ts';
import { PARKED_RETRY_MS } from '../plan/backoff.ts';
import { listDigest } from '../plan/fingerprint.ts';
import type { ListPass } from './compare-primary-list.ts';
import type { PairContext } from './pair-context.ts';
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

/** What a comparison of the replica needs beside the list pass. */
export interface ReplicaPass extends ListPass {
  /** Guid of the destination. */
  readonly destination: string;
  /** Number of the last finished pass of the same scope: a drift found in it and again now has another writer behind it. */
  readonly previousNumber?: number;
}

export interface ReplicaFindings {
  readonly drifted: number;
  readonly members?: Members;
  /** Why objects of the list were not shown, one sentence each. */
  readonly unread?: readonly string[];
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
  pass: ReplicaPass,
): Promise<ReplicaFindings> {
  const startedAt = ctx.clock.now();
  const readsBodies = pass.scope === 'contents';
  const found = await ctx.ledger.readList('replica', list);
  const row = found?.epoch === pass.epoch ? found : undefined;
  const against = await primaryDigests(ctx, list, pass.epoch);
  const isEqual = (stored: Digest | undefined, digest: string, primary: string | undefined): boolean =>
    stored?.digest === digest && stored.against !== undefined && stored.against === primary;

  const isBulk = readsBodies && bodiesOf(list) === 'bulk';
  const bulk = isBulk ? await readBulk(ctx, 'replica', list) : undefined;
  if (bulk !== undefined && isEqual(row?.contents, bodiesDigest(ctx, bulk), against.contents)) return { drifted: 0 };
  const unread: string[] = [];
  const onUnread: OnUnread = (_ref, reason) => unread.push(reason);
  const members = await readMembers(ctx, 'replica', list);
  const names = namesDigest(ctx, members);
  if (!needsBodies(list, pass.scope) && isEqual(row?.names, names, against.names)) return { drifted: 0, members };

  const frozen = new Set(pass.isFull ? [] : row?.frozen);
  let bodies: ReadonlyMap<string, Seen> = bulk ?? (bodiesOf(list) === 'none' ? nameBodies(ctx, members) : new Map());
  if (readsBodies && bodiesOf(list) === 'one by one' && row?.names?.digest === names) {
    bodies = await readBodies(ctx, 'replica', without(members.refs, frozen), onUnread);
    const isUnchanged = isEqual(row.contents, bodiesDigest(ctx, bodies), against.contents);
    // That digest leaves frozen versions out.
    const isWholeUnchanged = !pass.isFull || isEqual(row.whole, wholeDigest(ctx, bodies), against.whole);
    if (isUnchanged && isWholeUnchanged) return { drifted: 0, members };
  }
  const entries = (await ctx.ledger.entriesOf(list)).filter((entry) => ctx.rules.isWanted(trustedRef(entry.path)));
  if (readsBodies) bodies = await completeBodies(ctx, members, { entries, bodies, frozen, onUnread });

  let drifted = 0;
  // What was not shown was not compared, so no digest may stand for it.
  let unsettled = unread.length;
  for (const entry of entries) {
    const name = nameInList(trustedRef(entry.path));
    const comparison = { pass, isListed: members.refs.has(name), seen: bodies.get(name), listReadAt: startedAt };
    const result = await compareEntry(ctx, entry, comparison);
    if (result === 'drifted') drifted += 1;
    if (result !== 'equal') unsettled += 1;
  }
  if (isListOfContainers(list)) {
    const lost = entries.filter((entry) => isLive(entry) && !members.refs.has(nameInList(trustedRef(entry.path))));
    drifted += await compareItemsOf(ctx, lost, pass, startedAt);
    // An item's copier may make a bag that is not expected here itself (a baseline's), and the digest would not miss it again.
    unsettled += lost.length;
  }
  const known = new Set(
    entries.filter((entry) => isLive(entry) || isUnsettled(entry)).map((entry) => nameInList(trustedRef(entry.path))),
  );
  const frozenNow = readsBodies ? [...bodies].filter(([, seen]) => seen.isFrozen).map(([name]) => name) : [];
  const stillTrusted = [...frozen].filter((name) => members.refs.has(name) && !bodies.has(name));
  const isAllEqual = unsettled === 0;
  const digestsAfter = (): { readonly contents: Digest | undefined; readonly whole: Digest | undefined } => {
    if (!readsBodies) {
      const kept = row?.names?.digest === names ? row : undefined;
      return { contents: kept?.contents, whole: kept?.whole };
    }
    return {
      contents: isAllEqual ? { digest: bodiesDigest(ctx, bodies), against: against.contents } : undefined,
      whole: isAllEqual && pass.isFull ? { digest: wholeDigest(ctx, bodies), against: against.whole } : undefined,
    };
  };
  await ctx.ledger.updateList('replica', list, (current) => ({
    side: 'replica',
    list,
    epoch: pass.epoch,
    generation: current?.generation ?? 0,
    extraCount: [...members.refs.keys()].filter((name) => !known.has(name)).length + members.unusable.length,
    names: isAllEqual ? { digest: names, against: against.names } : undefined,
    ...digestsAfter(),
    frozen: readsBodies ? [...frozenNow, ...stillTrusted].sort() : row?.frozen,
  }));
  return { drifted, members, unread };
}

/** A data bag that the replica lost took its items along, though nobody can list them. Answers how many of them are missed. */
async function compareItemsOf(
  ctx: PairContext,
  lostBags: readonly LedgerEntry[],
  pass: ReplicaPass,
  listReadAt: number,
): Promise<number> {
  let drifted = 0;
  for (const bag of lostBags) {
    for (const item of await ctx.ledger.entriesOf(bag.path)) {
      if (!ctx.rules.isWanted(trustedRef(item.path))) continue;
      const result = await compareEntry(ctx, item, { pass, isListed: false, seen: undefined, listReadAt });
      if (result === 'drifted') drifted += 1;
    }
  }
  return drifted;
}

/** Where names say everything, a contents pass is a names pass. */
const needsBodies = (list: ListPath, scope: PassScope): boolean => scope === 'contents' && bodiesOf(list) !== 'none';

const bodiesDigest = (ctx: PairContext, bodies: ReadonlyMap<string, Seen>): string =>
  listDigest(
    ctx.fingerprintKey,
    [...bodies].filter(([, seen]) => !seen.isFrozen).map(([name, seen]) => [name, seen.fingerprint]),
  );

/** The primary's digests of the same list. While it has none the replica is always compared entry by entry. */
async function primaryDigests(
  ctx: PairContext,
  list: ListPath,
  epoch: number,
): Promise<{ readonly names?: string; readonly contents?: string; readonly whole?: string }> {
  const row = await ctx.ledger.readList('primary', list);
  if (row === undefined || row.epoch !== epoch) return {};
  return { names: row.names?.digest, contents: row.contents?.digest, whole: row.whole?.digest };
}

/** What is known of a list before its objects are read one by one. */
interface Known {
  readonly entries: readonly LedgerEntry[];
  readonly bodies: ReadonlyMap<string, Seen>;
  readonly frozen: ReadonlySet<string>;
  readonly onUnread: OnUnread;
}

/** Reads by itself what bulk reading could not show and what a search row shows as different. */
async function completeBodies(
  ctx: PairContext,
  members: Members,
  { entries, bodies, frozen, onUnread }: Known,
): Promise<ReadonlyMap<string, Seen>> {
  const toRead = new Map<string, ObjectRef>();
  for (const entry of entries) {
    const name = nameInList(trustedRef(entry.path));
    const ref = members.refs.get(name);
    const seen = bodies.get(name);
    const want = expected(entry, ctx.clock.now());
    if (ref === undefined || want === undefined) continue;
    if (seen === undefined && frozen.has(name) && entry.isFrozen === true) continue;
    if (seen === undefined || (seen.isFromSearch && seen.fingerprint !== want)) toRead.set(name, ref);
  }
  const read = await readBodies(ctx, 'replica', toRead, onUnread);
  return new Map([...without(bodies, new Set(toRead.keys())), ...read]);
}

/**
 * How long after a delete a write that was on its way can still land: a copier lives 5 minutes at most and its message is hidden for 6.
 * What appears on the replica later than that was put there by somebody else, even if it looks like ours.
 */
const LATE_WRITE_MS = 15 * 60_000;

/** Deleted by us so recently that a write of ours may land after the delete. */
const isFreshTombstone = (entry: LedgerEntry, now: number): boolean =>
  !isLive(entry) && entry.state === 'synced' && (entry.settledAt ?? 0) > now - LATE_WRITE_MS;

/** What is to be compared with the replica; undefined when nothing is known or something is still to be done. */
const expected = (entry: LedgerEntry, now: number): string | undefined => {
  // Of a tombstone any body is of interest: it is compared with everything that was claimed.
  if (isFreshTombstone(entry, now)) return entry.claims?.at(-1);
  return isLive(entry) && (entry.state === 'synced' || isDriftReport(entry)) ? entry.fingerprint : undefined;
};

interface Comparison {
  readonly pass: ReplicaPass;
  readonly isListed: boolean;
  readonly seen: Seen | undefined;
  readonly listReadAt: number;
}

async function compareEntry(
  ctx: PairContext,
  entry: LedgerEntry,
  { pass, isListed, seen, listReadAt }: Comparison,
): Promise<'equal' | 'unsettled' | 'drifted'> {
  if (!isLive(entry) && entry.state === 'synced')
    return await compareTombstone(ctx, entry, { pass, isListed, seen, listReadAt });
  if (isWaitingUnsent(entry) && entry.seen !== undefined && seen?.fingerprint === entry.seen) {
    return await settleEqual(ctx, entry, pass, listReadAt);
  }
  const want = expected(entry, ctx.clock.now());
  if (want === undefined || entry.owned !== pass.destination || (entry.settledAt ?? 0) >= listReadAt) {
    return unsyncedBucket(entry) === undefined && want === undefined ? 'equal' : 'unsettled';
  }
  const isDifferent = !isListed || (seen !== undefined && seen.fingerprint !== want);
  if (!isDifferent) {
    if (isDriftReport(entry) && seen !== undefined)
      await ctx.ledger.update(entry.path, (e) => driftIsGone(e, entry.version));
    return isDriftReport(entry) ? 'unsettled' : 'equal';
  }
  // Absent on the primary: it is about to be deleted or listed again, and a repair would forget the mark.
  if (isDriftReport(entry) || entry.absent !== undefined) return 'unsettled';
  await repairOrReport(ctx, entry, pass, isListed);
  return 'drifted';
}

/** A write that landed after our delete is taken back, through the guard and with the evidence of any delete. */
async function compareTombstone(
  ctx: PairContext,
  entry: LedgerEntry,
  { pass, isListed, seen }: Comparison,
): Promise<'equal' | 'unsettled' | 'drifted'> {
  const now = ctx.clock.now();
  if (!isListed || !isFreshTombstone(entry, now)) return 'equal';
  if (seen === undefined || !hasClaimed(entry, seen.fingerprint)) return 'unsettled';
  await ctx.ledger.update(entry.path, (current) =>
    current !== undefined && isSameVersion(current.version, entry.version)
      ? observe(current, { path: entry.path, action: 'delete', epoch: pass.epoch, now, by: 'replica' })
      : undefined,
  );
  return 'drifted';
}

/** Nobody copies it, and no copy of it that was begun may have been refused halfway. */
const isWaitingUnsent = (entry: LedgerEntry): boolean =>
  entry.state === 'pending' && isLive(entry) && entry.sentAt === undefined && !mayBeHalfWritten(entry);

/** The usual case of a replica that was filled before: both sides were read and are equal, so there is nothing to copy. */
async function settleEqual(
  ctx: PairContext,
  entry: LedgerEntry,
  pass: ReplicaPass,
  readAt: number,
): Promise<'equal' | 'unsettled'> {
  const { isChanged } = await ctx.ledger.update(entry.path, (current) =>
    current === undefined || !isWaitingUnsent(current) || current.seen !== entry.seen
      ? undefined
      : settle(current, {
          version: entry.version,
          now: ctx.clock.now(),
          readAt,
          fingerprint: entry.seen,
          destination: pass.destination,
          isFrozen: entry.isFrozen,
        }),
  );
  return isChanged ? 'equal' : 'unsettled';
}

async function repairOrReport(
  ctx: PairContext,
  entry: LedgerEntry,
  pass: ReplicaPass,
  isListed: boolean,
): Promise<void> {
  const now = ctx.clock.now();
  const what = isListed ? 'was changed on the replica' : 'was removed from the replica';
  const isAgain =
    entry.driftedIn !== undefined && pass.previousNumber !== undefined && entry.driftedIn >= pass.previousNumber;
  if (ctx.rules.drift === 'repair' && !isAgain) {
    ctx.log('warn', `an object ${what} by somebody else and is copied again`, { path: entry.path });
    await ctx.ledger.update(entry.path, (current) =>
      current?.state === 'synced' && current.fingerprint === entry.fingerprint
        ? observe(current, {
            path: entry.path,
            action: 'upsert',
            epoch: pass.epoch,
            now,
            by: 'replica',
            driftedIn: pass.number,
          })
        : undefined,
    );
    return;
  }
  const error = isAgain
    ? {
        code: DRIFT_CODES.anotherWriter,
        text: `The object ${what} again after it was repaired: another writer works on the replica; stop it, then run \`chef-sync-ctl retry\`.`,
        side: 'replica' as const,
      }
    : {
        code: DRIFT_CODES.report,
        text: `The object ${what} by somebody else: change it back there, or run \`chef-sync-ctl retry\` to overwrite it (this pair has \`drift: report\`).`,
        side: 'replica' as const,
      };
  ctx.log('warn', error.text, { path: entry.path });
  await ctx.ledger.update(entry.path, (current) =>
    reportDrift(current, {
      version: entry.version,
      inventory: pass.number,
      error,
      now,
      at: isAgain ? now + PARKED_RETRY_MS : undefined,
    }),
  );
}
