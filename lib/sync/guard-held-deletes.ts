import { createHash } from 'node:crypto';
import { holdUnderPlan, isLive, isMessageLost, isUnsettled, type LedgerEntry, release } from '../model/ledger-entry.ts';
import { OBJECT_KINDS, type ObjectKind } from '../model/object-kind.ts';
import { isListOfContainers, kindOfList, type ObjectPath, trustedRef } from '../model/object-path.ts';
import type { PairState } from '../model/pair-state.ts';
import { GUARD_WINDOW_MS, guardDeletes, releasedLastDay } from '../plan/guard-deletes.ts';
import { unreadOf } from '../plan/pace-inventory.ts';
import type { PairContext, PairRecords } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';
import { unsyncedEntries } from './unsynced-entries.ts';

/** Paths shown of a plan, the first in their order, which is not the ledger's everywhere; all of them are in `unsynced-objects`. */
const PLAN_SAMPLES = 10;

/**
 * Lets held deletes go, kind by kind, or keeps them under a plan with the reason. The release is counted before the first entry goes, so
 * that a crash in between counts too much, never too little. Entries outside the filter stay as they are.
 */
export async function guardHeldDeletes(ctx: PairContext, lease: PollLease): Promise<void> {
  const held = await heldEntries(ctx);
  const plans = await ctx.ledger.plans();
  if (held.length === 0 && plans.length === 0) return;
  const known = new Set(plans.map((plan) => plan.id));
  const byKind = Map.groupBy(held, (entry) => trustedRef(entry.path).kind);
  // Definitions first: what they name waits for them.
  for (const [kind, entries] of [...byKind].toSorted(([a], [b]) => OBJECT_KINDS[b].stage - OBJECT_KINDS[a].stage)) {
    await guardKind(ctx, lease, kind, entries, known);
  }
  // A plan lives as long as its entries.
  const alive = new Set((await heldEntries(ctx)).map((entry) => entry.plan));
  for (const plan of await ctx.ledger.plans()) if (!alive.has(plan.id)) await ctx.ledger.removePlan(plan.id);
}

/** Held deletes inside the filter, whatever their plan. */
export async function heldEntries(ctx: PairRecords): Promise<readonly LedgerEntry[]> {
  const held: LedgerEntry[] = [];
  for await (const entry of unsyncedEntries(ctx.ledger, 'held')) {
    if (ctx.rules.isWanted(trustedRef(entry.path))) held.push(entry);
  }
  return held;
}

/**
 * Definitions were read completely after the object was first missed, or an event told of its delete: what they name now is known, and copied
 * before the delete. What the feed told of comes in the order of the writes.
 */
function areDefinitionsRead({ inventory: { primary } }: PairState, entry: LedgerEntry): boolean {
  if (entry.absent === undefined) return true;
  const isUnread = unreadOf(primary).some(({ list }) => OBJECT_KINDS[kindOfList(list)].stage > 1);
  return !isUnread && (primary.contents?.number ?? 0) > entry.absent;
}

/**
 * A role or environment that the primary lacks and the replica still has, its delete not confirmed or not let go: it may name what a delete
 * of a cookbook version would remove. Undefined when there is none.
 */
export async function leavingDefinition(ctx: PairContext): Promise<ObjectPath | undefined> {
  for (const bucket of ['absent', 'held'] as const) {
    for await (const { path } of unsyncedEntries(ctx.ledger, bucket)) {
      const ref = trustedRef(path);
      if (OBJECT_KINDS[ref.kind].stage > 1 && ctx.rules.isWanted(ref)) return path;
    }
  }
  return undefined;
}

async function guardKind(
  ctx: PairContext,
  lease: PollLease,
  kind: ObjectKind,
  held: readonly LedgerEntry[],
  knownPlans: ReadonlySet<string>,
): Promise<void> {
  const now = ctx.clock.now();
  // A delete that came back ("not empty on the replica") waits for its time, one whose copy is out for the end of that.
  const { isNamedByDefinitions } = OBJECT_KINDS[kind];
  const candidates = held
    .filter((entry) => (entry.nextAttemptAt ?? 0) <= now || isMessageLost(entry, ctx.queue.beganAt))
    .filter((entry) => !isNamedByDefinitions || areDefinitionsRead(lease.state(), entry));
  if (candidates.length === 0 || (isNamedByDefinitions && (await leavingDefinition(ctx)) !== undefined)) return;
  // One that came back was counted when it was first released; once an hour it would use up what others may.
  const uncounted = candidates.filter((entry) => entry.lastError === undefined).length;
  const state = lease.state();
  const verdict = guardDeletes({
    candidates: uncounted,
    live: await liveCount(ctx, kind),
    releasedLastDay: releasedLastDay(state.released, kind, now),
    holdsEveryDelete: state.holdsEveryDelete,
  });
  if (verdict.isReleased) {
    const recent = state.released.filter((one) => one.at > now - GUARD_WINDOW_MS);
    await lease.write((s) => ({ ...s, released: [...recent, { kind, at: now, count: uncounted }] }));
    for (const entry of candidates) await ctx.ledger.update(entry.path, (e) => release(e, entry.version, now));
    ctx.log('info', 'deletes are released', { kind, objects: candidates.length });
    return;
  }
  const id = planId(kind, candidates);
  if (!knownPlans.has(id)) {
    const samples = candidates
      .map((entry) => entry.path)
      .toSorted()
      .slice(0, PLAN_SAMPLES);
    await ctx.ledger.writePlan({ id, kind, at: now, reason: verdict.reason, count: candidates.length, samples });
    ctx.log('warn', `deletes are held: ${verdict.reason}`, { plan: id, kind, objects: candidates.length });
  }
  for (const entry of candidates) await ctx.ledger.update(entry.path, (e) => holdUnderPlan(e, entry.version, id));
}

/** The same deletes make the same plan, so a poll that finds nothing new writes nothing. */
function planId(kind: ObjectKind, entries: readonly LedgerEntry[]): string {
  const content = entries.map((entry) => `${entry.path} ${entry.version.epoch}.${entry.version.n}`).sort();
  return createHash('sha256')
    .update(JSON.stringify([kind, content]))
    .digest('hex')
    .slice(0, 10);
}

/**
 * Members of the kind's lists as last read completely; undefined: none ever was. A bag that is being deleted keeps its last count.
 */
async function liveCount(ctx: PairContext, kind: ObjectKind): Promise<number | undefined> {
  const rows = (await ctx.ledger.lists('primary')).filter(({ count }) => count !== undefined);
  const counts = rows.filter(({ list }) => kindOfList(list) === kind).map(({ count = 0 }) => count);
  if (counts.length > 0) return counts.reduce((sum, count) => sum + count, 0);
  // Where the primary has no bags, only extra ones that are about to go, there is no list of items to be read.
  const containers = rows.find(({ list }) => isListOfContainers(list) && rootOf(kindOfList(list)) === rootOf(kind));
  if (containers === undefined) return undefined;
  const extra = (await ctx.ledger.entriesOf(containers.list)).filter(
    (entry) => !isLive(entry) && isUnsettled(entry) && entry.owned === undefined,
  );
  return (containers.count ?? 0) <= extra.length ? 0 : undefined;
}

const rootOf = (kind: ObjectKind): string => OBJECT_KINDS[kind].root;
