import { isMessageLost, type LedgerEntry, markSent, observe } from '../model/ledger-entry.ts';
import { NAMED_CONTENT_LIST, OBJECT_KINDS, type Stage } from '../model/object-kind.ts';
import { trustedRef } from '../model/object-path.ts';
import { isPaused } from '../model/pair-state.ts';
import { isDeletePhase, PHASES, type Phase } from '../model/phase.ts';
import { awaitedSince, type Dispatch, gatePhases, isNamedDelete, MESSAGES_OUT } from '../plan/gate-phases.ts';
import { outgoingMessage } from '../plan/message-ids.ts';
import { heldEntries, leavingDefinition } from './guard-held-deletes.ts';
import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';
import { unsyncedEntries } from './unsynced-entries.ts';

/** Entries of one phase looked at in one step: all that may be out and as many again to be sent. */
const LOOK_AHEAD = 2 * MESSAGES_OUT;

export interface DispatchOptions {
  /** The only pass for now: what fails once keeps nothing else waiting. */
  readonly isOnePass?: boolean;
  /** Nothing is deleted: the guard is not asked, and released deletes stay pending for a later poll. */
  readonly isCopyOnly?: boolean;
}

/** What one step of the dispatch did. `isIdle`: nothing was sent and nothing is out, so waiting brings nothing. */
export interface DispatchStep {
  readonly sentCount: number;
  /** Messages that were out before this step. */
  readonly outCount: number;
  readonly isIdle: boolean;
  readonly deletesWait?: string;
  /** As in the state of a pair. */
  readonly contentAwaitedSince?: number;
}

/**
 * Sends what is due in the open phase of the run, beginning the next run when this one is over. Each message is sent before its entry is
 * marked: a crash in between repeats the same deduplication id, and what the queue refused stays due.
 */
export async function dispatchRun(
  ctx: PairContext,
  lease: PollLease,
  { isOnePass = false, isCopyOnly = false }: DispatchOptions = {},
): Promise<DispatchStep> {
  const state = await lease.check();
  const now = ctx.clock.now();
  if (isPaused(state, now)) return { sentCount: 0, outCount: 0, isIdle: true };
  const pending = await pendingEntries(ctx, isCopyOnly ? PHASES.filter((phase) => !isDeletePhase(phase)) : PHASES);
  const backlog = {
    run: state.run,
    pending,
    parkedStages: await parkedStages(ctx),
    now,
    queueBeganAt: ctx.queue.beganAt,
    isOnePass,
    held: await heldEntries(ctx),
    leavingDefinition: pending.some(isNamedDelete) ? await leavingDefinition(ctx) : undefined,
  };
  // Content outside the filter is never listed, and nothing waits for it.
  const isContentListed = ctx.rules.lists.includes(NAMED_CONTENT_LIST);
  const contentAwaitedSince = isContentListed ? awaitedSince(pending) : undefined;
  let dispatch = gatePhases(backlog);
  if (dispatch.isRunOver && backlog.pending.length > 0) {
    const contentListedAt = isContentListed ? state.contentListedAt : now;
    const run = { number: state.run.number + 1, startedAt: now, deletesSent: 0, contentListedAt };
    const next = gatePhases({ ...backlog, run });
    if (next.send.length === 0)
      return {
        sentCount: 0,
        outCount: dispatch.outCount,
        isIdle: dispatch.outCount === 0,
        deletesWait: next.deletesWait,
        contentAwaitedSince,
      };
    await lease.write((s) => ({ ...s, run }));
    dispatch = next;
  }
  const sentCount = await send(ctx, lease, dispatch);
  const { outCount, deletesWait } = dispatch;
  return { sentCount, outCount, isIdle: sentCount === 0 && outCount === 0, deletesWait, contentAwaitedSince };
}

/** The oldest pending entries of each of these phases inside the filter. */
async function pendingEntries(ctx: PairContext, phases: readonly Phase[]): Promise<readonly LedgerEntry[]> {
  const pending: LedgerEntry[] = [];
  for (const phase of phases) pending.push(...(await entriesOfPhase(ctx, phase)));
  return pending;
}

async function entriesOfPhase(ctx: PairContext, phase: Phase): Promise<readonly LedgerEntry[]> {
  const found: LedgerEntry[] = [];
  let hasSendable = false;
  for await (const entry of unsyncedEntries(ctx.ledger, phase)) {
    if (!ctx.rules.isWanted(trustedRef(entry.path))) continue;
    found.push(entry);
    hasSendable ||= isSendable(entry, ctx);
    if (found.length >= LOOK_AHEAD && hasSendable) break;
  }
  return found;
}

/** Something to send, at least: a long row of entries that wait for their time must not hide those behind it. */
const isSendable = (entry: LedgerEntry, ctx: PairContext): boolean =>
  (entry.nextAttemptAt ?? 0) <= ctx.clock.now() || isMessageLost(entry, ctx.queue.beganAt);

/** Stages with a parked object: an upsert, or a delete, that the replica refused. */
async function parkedStages(ctx: PairContext): Promise<ReadonlySet<Stage>> {
  const stages = new Set<Stage>();
  for await (const { path } of unsyncedEntries(ctx.ledger, 'parked')) {
    const ref = trustedRef(path);
    if (ctx.rules.isWanted(ref)) stages.add(OBJECT_KINDS[ref.kind].stage);
  }
  return stages;
}

async function send(ctx: PairContext, lease: PollLease, { send: entries }: Dispatch): Promise<number> {
  if (entries.length === 0) return 0;
  const messages = entries.map((entry) => outgoingMessage(ctx.pair, entry));
  const deletes = messages.filter((message) => isDeletePhase(message.phase)).length;
  if (deletes > 0) await lease.write((s) => ({ ...s, run: { ...s.run, deletesSent: s.run.deletesSent + deletes } }));
  const { failed } = await ctx.queue.send(messages);
  const refused = new Set(failed.map((message) => message.deduplicationId));
  if (refused.size > 0)
    ctx.log('warn', 'the queue did not take every message; they are sent again', { messages: refused.size });
  const now = ctx.clock.now();
  const times = { now, dueAgainAt: now + 2 * ctx.queue.visibilitySeconds * 1000 };
  for (const [index, chosen] of entries.entries()) {
    if (refused.has(messages[index]?.deduplicationId ?? '')) continue;
    await ctx.ledger.update(chosen.path, (entry) => markSent(entry, chosen, times));
  }
  return messages.length - refused.size;
}

/** Parked entries whose daily retry has come get a new version, with no attempts. Reported drift is left to its operator unless it has a time. */
export async function reviveParked(ctx: PairContext, epoch: number): Promise<void> {
  for await (const entry of unsyncedEntries(ctx.ledger, 'parked')) {
    const now = ctx.clock.now();
    if (entry.nextAttemptAt === undefined || entry.nextAttemptAt > now) continue;
    if (!ctx.rules.isWanted(trustedRef(entry.path))) continue;
    await ctx.ledger.update(entry.path, (current) =>
      current?.state === 'parked' && current.nextAttemptAt !== undefined && current.nextAttemptAt <= now
        ? observe(current, { path: entry.path, action: current.action, epoch, now, by: 'operator' })
        : undefined,
    );
  }
}
