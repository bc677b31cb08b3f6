import pMap from 'p-map';
import { ChefRequestError } from '../model/chef-request-error.ts';
import type { LastError, LedgerEntry } from '../model/ledger-entry.ts';
import { hasClaimed, hold, settle } from '../model/ledger-entry.ts';
import { OBJECT_KINDS } from '../model/object-kind.ts';
import { type ObjectRef, trustedRef } from '../model/object-path.ts';
import { guidText } from '../model/pair-state.ts';
import { isSameVersion } from '../model/version.ts';
import { judge } from './breaker.ts';
import { type Begun, type CopyOutcome, recordFailure, setBack } from './copy-attempt.ts';
import { probeBoth } from './identities.ts';
import { fingerprintOf, isExpectedFailure, type PairContext } from './pair-context.ts';
import { voidListsOf } from './void-list.ts';

/** Pause between the two readings of the primary: an overloaded Chef server's false 404s come in bursts (seen on Chef Infra Server 15.10). */
const EVIDENCE_PAUSE_MS = 2_000;
/** No 5xx, 403 or time-out may have come in this time before the first reading. */
const CALM_BEFORE_MS = 10_000;
/** Evidence that a restless endpoint cannot give is asked for again after this. */
const RESTLESS_RETRY_MS = 60_000;
/** A data bag that is not empty on the replica is offered to the guard again after this. */
const NOT_EMPTY_RETRY_MS = 60 * 60_000;
/** Readings of the primary under way at a time. */
const READS_AT_ONCE = 4;

/**
 * Deletes objects on the replica, one after the other, each only with all of its evidence: the primary answers 404 in Chef's own shape
 * twice with a pause in between, was calm around it, is the organization that it was; the object is ours; a data bag is empty on the
 * replica. An object that the primary has is handed to `upsert` instead. Whatever is missing leaves the object on the replica.
 */
export async function applyDeletes(
  ctx: PairContext,
  deletes: readonly Begun[],
  upsert: (begun: Begun) => Promise<CopyOutcome>,
): Promise<readonly CopyOutcome[]> {
  await restAfterTrouble(ctx);
  const startedAt = ctx.clock.now();
  const first = await readAll(ctx, deletes);
  const missing = first.filter(({ finding }) => finding === 'missing').map(({ begun }) => begun);
  if (missing.length > 0) await ctx.clock.sleep(EVIDENCE_PAUSE_MS);
  const second = new Map((await readAll(ctx, missing)).map(({ begun, finding }) => [begun, finding]));
  const identity = missing.length === 0 ? 'known' : await identityOfBoth(ctx, deletes);
  const isCalm = ctx.primary.lastTroubleAt() < startedAt - CALM_BEFORE_MS;

  const outcomes: CopyOutcome[] = [];
  for (const { begun, finding } of first) {
    const seen = second.get(begun) ?? finding;
    outcomes.push(await conclude(ctx, begun, { seen, identity, isCalm, startedAt }, upsert));
  }
  return outcomes;
}

/**
 * Waits until the last trouble of either side is old enough. The inventory comes just before, and one object that a server never shows
 * would otherwise make every 404 after it worthless, for ever.
 */
async function restAfterTrouble(ctx: PairContext): Promise<void> {
  const troubleAt = Math.max(ctx.primary.lastTroubleAt(), ctx.replica.lastTroubleAt());
  const restMs = troubleAt + CALM_BEFORE_MS + 1 - ctx.clock.now();
  if (restMs > 0) await ctx.clock.sleep(restMs);
}

type Finding = 'missing' | 'found' | Error;

async function readAll(
  ctx: PairContext,
  deletes: readonly Begun[],
): Promise<readonly { readonly begun: Begun; readonly finding: Finding }[]> {
  return await pMap(deletes, async (begun) => ({ begun, finding: await find(ctx, trustedRef(begun.entry.path)) }), {
    concurrency: READS_AT_ONCE,
  });
}

async function find(ctx: PairContext, ref: ObjectRef): Promise<Finding> {
  try {
    const found = await ctx.primary.read(ref);
    if (!('missing' in found)) return 'found';
    if (found.isChefShaped) return 'missing';
    const request = `GET ${ref.path}`;
    const text = 'a 404 that is not Chef’s own';
    return new ChefRequestError({ side: 'primary', request, cause: 'unexpected-answer', status: 404, text });
  } catch (error) {
    if (isExpectedFailure(error)) return error;
    throw error;
  }
}

/**
 * Whether both sides still are the organizations of the pair's state: absence on another primary proves nothing, and in another replica of
 * the same name nothing is ours.
 */
async function identityOfBoth(ctx: PairContext, deletes: readonly Begun[]): Promise<'known' | 'other' | Error> {
  const guids = deletes[0]?.state.guids;
  try {
    const { primary, replica } = await probeBoth(ctx);
    return primary === guids?.primary && replica === guids.replica ? 'known' : 'other';
  } catch (error) {
    if (isExpectedFailure(error)) return error;
    throw error;
  }
}

interface Evidence {
  readonly seen: Finding;
  readonly identity: 'known' | 'other' | Error;
  readonly isCalm: boolean;
  /** When the evidence began to be gathered. */
  readonly startedAt: number;
}

async function conclude(
  ctx: PairContext,
  begun: Begun,
  { seen, identity, isCalm, startedAt }: Evidence,
  upsert: (begun: Begun) => Promise<CopyOutcome>,
): Promise<CopyOutcome> {
  if (seen === 'found') return await upsert(begun);
  const failure = seen instanceof Error ? seen : identity instanceof Error ? identity : undefined;
  if (failure !== undefined) return await fail(ctx, begun, failure);
  if (!isCalm || identity === 'other') {
    const text = isCalm
      ? 'The primary or the replica is another organization than before: the next poll decides about this delete.'
      : 'The primary answered 404, but it was failing around that time, so the 404 proves nothing: it is asked again.';
    return await askAgain(ctx, begun, { code: 'NO_EVIDENCE', text, side: 'primary' });
  }
  try {
    return await remove(ctx, begun, startedAt);
  } catch (error) {
    if (!isExpectedFailure(error)) throw error;
    return await fail(ctx, begun, error);
  }
}

const askAgain = async (ctx: PairContext, { entry }: Begun, error: LastError): Promise<CopyOutcome> => {
  const at = ctx.clock.now() + RESTLESS_RETRY_MS;
  return await setBack(ctx, entry, { version: entry.version, at, error, isAttemptGivenBack: true });
};

const fail = async (ctx: PairContext, begun: Begun, error: Error): Promise<CopyOutcome> => {
  if (!isExpectedFailure(error)) throw error;
  return await recordFailure(ctx, begun, await judge(ctx, error));
};

async function remove(ctx: PairContext, begun: Begun, startedAt: number): Promise<CopyOutcome> {
  const { entry, state } = begun;
  const ref = trustedRef(entry.path);
  const current = await ctx.ledger.read(entry.path);
  if (current === undefined || current.state !== 'pending' || !isSameVersion(current.version, entry.version))
    return 'superseded';
  let found = await findOnReplica(ctx, ref, entry, guidText(state.guids.replica));
  if (found === 'ours') {
    if (OBJECT_KINDS[ref.kind].isContainer && (await ctx.replica.names(ref.path)).length > 0) {
      const error = {
        code: 'NOT_EMPTY',
        text: `The replica's ${ref.path} is not empty: what else it holds was not put there by this pair, or waits to be deleted itself; once it is empty it is deleted.`,
        side: 'replica' as const,
      };
      const at = ctx.clock.now() + NOT_EMPTY_RETRY_MS;
      const setback = { version: entry.version, at, error, isAttemptGivenBack: true };
      await ctx.ledger.update(entry.path, (e) => hold(e, setback));
      return 'held';
    }
    if ((await ctx.replica.remove(ref)) === 'missing') found = 'missing';
    else ctx.log('info', 'deleted on the replica', { path: ref.path });
  }
  if (found === 'missing' && ctx.replica.lastTroubleAt() >= startedAt - CALM_BEFORE_MS) {
    const text =
      'The replica answered 404, but it was failing around that time, so it may still have the object: it is asked again.';
    return await askAgain(ctx, begun, { code: 'NO_EVIDENCE', text, side: 'replica' });
  }
  if (found === 'not ours')
    ctx.log('info', "deleted on the primary; the replica's object is not ours and stays", { path: ref.path });
  await voidListsOf(ctx, [ref], state.epoch);
  if (OBJECT_KINDS[ref.kind].isContainer) {
    await ctx.ledger.removeList('primary', ref.path);
    await ctx.ledger.removeList('replica', ref.path);
  }
  const now = ctx.clock.now();
  const done = { version: entry.version, now, readAt: now, destination: guidText(state.guids.replica) };
  const { isChanged } = await ctx.ledger.update(entry.path, (e) => settle(e, done));
  return isChanged ? 'settled' : 'superseded';
}

/**
 * What the replica has under that name. Ours: owned on this destination, or just what we wrote or were about to write when a copier died.
 * Anything else was there before us and is left alone. A bag is looked for first: one that a falling server calls missing is not deleted
 * unseen.
 */
async function findOnReplica(
  ctx: PairContext,
  ref: ObjectRef,
  entry: LedgerEntry,
  destination: string,
): Promise<'ours' | 'not ours' | 'missing'> {
  const isOwned = entry.owned === destination;
  if (isOwned && !OBJECT_KINDS[ref.kind].isContainer) return 'ours';
  if (!isOwned && entry.claims === undefined) return 'not ours';
  const found = await ctx.replica.read(ref);
  if ('missing' in found) return 'missing';
  return isOwned || hasClaimed(entry, fingerprintOf(ctx, ref, found.text)) ? 'ours' : 'not ours';
}
