import { UNSYNCED_BUCKETS, withdraw } from '../model/ledger-entry.ts';
import { trustedRef } from '../model/object-path.ts';
import { nextEpoch, type PairState } from '../model/pair-state.ts';
import { FAILURES_THAT_OPEN_A_PHASE } from '../plan/gate-phases.ts';
import { type DispatchOptions, type DispatchStep, dispatchRun, reviveParked } from './dispatch-run.ts';
import { completedFeed, type FeedReading, followFeed } from './follow-feed.ts';
import { followHints } from './follow-hints.ts';
import { followIdentities } from './follow-identities.ts';
import { followLane } from './follow-lane.ts';
import { guardHeldDeletes } from './guard-held-deletes.ts';
import type { PairContext } from './pair-context.ts';
import { LeaseLostError, type PollLease, takeLease } from './poll-lease.ts';
import { takeInventories } from './take-inventory.ts';
import { unsyncedEntries } from './unsynced-entries.ts';

export interface PollOptions extends DispatchOptions {
  /** Time (ms) by which the poll stops between two steps; being cut is normal, the next poll goes on. */
  readonly deadline: number;
  /** How long the lease lasts without a word from this poll; it outlives any poll that still runs. */
  readonly leaseMs: number;
  /** Pause between two looks at what became due while copies are out. */
  readonly dispatchPauseMs: number;
  readonly signal?: AbortSignal;
  /** Called after each step of the dispatch. */
  readonly onProgress?: () => void;
}

/** How a poll ended. */
export interface PollReport {
  readonly outcome: /** Everything it looked for was found and everything due was sent. */
    | 'complete'
    /** Time ran out. */
    | 'cut'
    /** A server or the pair's set-up is in the way; `problem` says it. */
    | 'problem'
    /** Nothing was done. */
    | 'stopped'
    | 'paused'
    | 'leased'
    /** Another poll took over. */
    | 'superseded';
  readonly problem?: string;
}

/** With more messages out than this, copiers are busy for a while and a look at the ledger would only cost. */
const ENOUGH_OUT = 100;
/** How many pauses the next look waits then. */
const BUSY_PAUSES = 4;

/**
 * One poll of a pair, under its lease: finds out what changed on either side, puts it into the ledger, releases deletes through the
 * guard, sends what is due in the order of the phases until nothing is due or time is over, and moves the cursor last. The order of
 * writes is ledger, queue, cursor, so a crash anywhere repeats work and loses nothing.
 */
export async function pollPair(ctx: PairContext, options: PollOptions): Promise<PollReport> {
  const startedAt = ctx.clock.now();
  const lease = await takeLease(ctx, options.leaseMs);
  if ('refused' in lease) return { outcome: lease.refused };
  try {
    const report = await poll(ctx, lease, options);
    await lease.release((state) => ended(ctx, state, startedAt, report));
    return report.report;
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error;
    // A poll that ends because its pair was stopped still holds the lease: until it expired, a started pair would not be polled.
    await lease.release((state) => state);
    return { outcome: 'superseded' };
  }
}

interface Ended {
  readonly report: PollReport;
  readonly feed?: FeedReading;
  /** Everything the feed and the due inventories told is in the ledger. */
  readonly isComplete: boolean;
  readonly waits?: Waits;
}

/** What waits when a poll has sent all it could. */
type Waits = Pick<DispatchStep, 'deletesWait' | 'contentAwaitedSince'>;

async function poll(ctx: PairContext, lease: PollLease, options: PollOptions): Promise<Ended> {
  const problem = await followIdentities(ctx, lease);
  if (problem !== undefined) return { report: { outcome: 'problem', problem }, isComplete: false };
  await followFilter(ctx, lease);

  const feed = await followFeed(ctx, lease);
  if (feed.outcome === 'refused') {
    return { report: { outcome: 'problem', problem: lease.state().paused?.reason }, isComplete: false };
  }
  const { paused } = lease.state();
  if (paused !== undefined) {
    ctx.log('info', `the pair goes on: the ${paused.side} answers again`);
    await lease.write(({ paused: _over, ...state }) => state);
  }
  const isFirstReading = lease.state().feed.cursor === undefined && feed.feed.cursor !== undefined;
  // The end of the feed is noted before the epoch's inventory begins: what changes from now on is told by the feed.
  if (isFirstReading) await lease.write((state) => ({ ...state, feed: feed.feed }));

  await followHints(ctx, lease.state());
  let isComplete = feed.outcome !== 'unavailable';
  for (const inventory of await takeInventories(ctx, lease, options)) {
    if (inventory.outcome === 'endpoint') {
      return { report: { outcome: 'problem', problem: inventory.problem }, feed, isComplete: false };
    }
    if (inventory.outcome === 'cut') isComplete = false;
  }
  const isAtRest = !(await ctx.ledger.hasUnsynced()) && (await ctx.ledger.plans()).length === 0;
  if (!isAtRest) {
    await lease.store();
    await reviveParked(ctx, lease.state().epoch);
    if (options.isCopyOnly !== true) await guardHeldDeletes(ctx, lease);
  }
  const maySend = await followLane(ctx, lease);
  const { isDrained, ...waits } =
    maySend && !isAtRest ? await dispatchUntilIdle(ctx, lease, options) : { isDrained: maySend };
  await noteBootstrapped(ctx, lease);
  return { report: { outcome: isComplete && isDrained ? 'complete' : 'cut' }, feed, isComplete, waits };
}

/** The state after a poll: cursor, marks and times. The lease is given back with it. */
function ended(
  ctx: PairContext,
  state: PairState,
  startedAt: number,
  { report, feed, isComplete, waits }: Ended,
): PairState {
  const endedAt = ctx.clock.now();
  const isGood = report.problem === undefined && feed?.outcome !== 'unavailable';
  const lastPoll = { startedAt, endedAt, isComplete, problem: report.problem, deletesWait: waits?.deletesWait };
  const nextPollAt = startedAt + ctx.rules.pollSeconds * 1000;
  return {
    ...state,
    lastPoll,
    contentAwaitedSince: waits?.contentAwaitedSince,
    lastGoodPollAt: isGood ? endedAt : state.lastGoodPollAt,
    nextPollAt: Math.max(nextPollAt, endedAt),
    feed:
      feed === undefined
        ? state.feed
        : isComplete
          ? completedFeed(feed, endedAt)
          : { ...feed.feed, marks: state.feed.marks },
  };
}

/** A changed filter begins a new epoch. Adding brings in, removing never deletes: what left the filter is withdrawn first. */
async function followFilter(ctx: PairContext, lease: PollLease): Promise<void> {
  if (lease.state().filterHash === ctx.rules.filterHash) return;
  ctx.log('info', 'the filter of the pair changed: a new epoch begins with an inventory');
  for (const bucket of UNSYNCED_BUCKETS) {
    for await (const { path } of unsyncedEntries(ctx.ledger, bucket)) {
      if (!ctx.rules.isWanted(trustedRef(path))) await ctx.ledger.update(path, withdraw);
    }
  }
  await lease.write((state) => nextEpoch(state, ctx.clock.now(), { filterHash: ctx.rules.filterHash }));
}

/** Sends until nothing is due or out. Answers whether it came to that before the deadline, and what deletes wait for then. */
async function dispatchUntilIdle(
  ctx: PairContext,
  lease: PollLease,
  options: PollOptions,
): Promise<Waits & { readonly isDrained: boolean }> {
  for (;;) {
    const step = await dispatchRun(ctx, lease, options);
    options.onProgress?.();
    const { isIdle, deletesWait, contentAwaitedSince } = step;
    const isLate = ctx.clock.now() + options.dispatchPauseMs >= options.deadline;
    if (isIdle || isLate || options.signal?.aborted === true)
      return { isDrained: isIdle, deletesWait, contentAwaitedSince };
    const isBusy = step.outCount > ENOUGH_OUT;
    await ctx.clock.sleep(isBusy ? BUSY_PAUSES * options.dispatchPauseMs : options.dispatchPauseMs, options.signal);
  }
}

/** The epoch is bootstrapped once its first reading of the primary was complete and every object was copied or told of as failing. */
async function noteBootstrapped(ctx: PairContext, lease: PollLease): Promise<void> {
  const { bootstrappedAt, inventory } = lease.state();
  if (bootstrappedAt !== undefined || inventory.primary.contents?.completeAt === undefined) return;
  for (const phase of [1, 2, 3] as const) {
    for await (const { path, attempts } of unsyncedEntries(ctx.ledger, phase)) {
      if (ctx.rules.isWanted(trustedRef(path)) && attempts < FAILURES_THAT_OPEN_A_PHASE) return;
    }
  }
  const now = ctx.clock.now();
  await lease.write((state) => ({
    ...state,
    bootstrappedAt: now,
    baselineAt: state.start === 'baseline' ? (state.baselineAt ?? now) : undefined,
  }));
}
