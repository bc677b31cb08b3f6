import { type FeedProgress, nextEpoch, PAUSE_MS } from '../model/pair-state.ts';
import { coalesceEvents } from '../plan/coalesce-events.ts';
import { isFeedReset, marksAfter, RESET_PAUSE_MS, readFrom } from '../plan/feed-cursor.ts';
import type { FeedAnswer } from '../ports/chef-org.ts';
import { keepUnknownPaths } from './keep-unknown-paths.ts';
import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';
import { takeChanges } from './take-changes.ts';

/** What reading the feed means for the rest of the poll. `refused`: the pair is paused, the poll ends. */
export interface FeedReading {
  readonly outcome: 'read' | 'no feed' | 'unavailable' | 'refused';
  /** To be written when the poll completes; a cursor never passes a change that is not in the ledger. */
  readonly feed: FeedProgress;
}

/**
 * Reads the primary's feed from the cursor's base and puts its changes into the ledger, which knows by `feedId` what the overlap repeats. The first reading of an epoch only notes where
 * the feed ends: everything earlier is the inventory's. Never writes the cursor; begins a new epoch when the feed was reset or went away.
 */
export async function followFeed(ctx: PairContext, lease: PollLease): Promise<FeedReading> {
  const { feed } = lease.state();
  if (ctx.rules.source === 'inventory') return { outcome: 'no feed', feed: { status: 'off', marks: [] } };
  const answer = await ctx.primary.updatedSince(readFrom(feed));
  if (answer.kind === 'unavailable') {
    return {
      outcome: 'unavailable',
      feed: { ...feed, status: feed.cursor ? feed.status : 'unavailable', note: answer.text },
    };
  }
  if (answer.kind === 'refused') return await pauseRefused(ctx, lease, answer);
  if (answer.kind === 'absent') return await withoutFeed(ctx, lease, answer.text);
  return await takeEvents(ctx, lease, answer);
}

/** 401 and 403: never a silent change of source; the pair waits with the server's words. */
async function pauseRefused(
  ctx: PairContext,
  lease: PollLease,
  answer: Extract<FeedAnswer, { kind: 'refused' }>,
): Promise<FeedReading> {
  const now = ctx.clock.now();
  const reason =
    `The primary refuses to show its feed (${answer.status}: ${answer.text}): let the synchronizing user read it, ` +
    'or set `source: inventory` for this pair in chef-sync.yaml.';
  const state = await lease.write((s) => ({
    ...s,
    paused: {
      side: 'primary',
      code: 'FEED_REFUSED',
      reason,
      since: s.paused?.since ?? now,
      until: now + PAUSE_MS,
    },
  }));
  ctx.log('warn', reason);
  return { outcome: 'refused', feed: state.feed };
}

async function withoutFeed(ctx: PairContext, lease: PollLease, text: string): Promise<FeedReading> {
  const { feed } = lease.state();
  if (feed.status === 'in use') {
    ctx.log('warn', `the feed of the primary is gone (${text}): a new inventory takes its place`);
    await lease.write((s) => nextEpoch(s, ctx.clock.now()));
  }
  if (ctx.rules.source === 'feed') {
    const reason =
      `The primary has no feed (${text}) and this pair has \`source: feed\`: set \`source: auto\` in chef-sync.yaml, ` +
      'then the inventory finds the changes.';
    const now = ctx.clock.now();
    await lease.write((s) => ({
      ...s,
      paused: {
        side: 'primary',
        code: 'NO_FEED',
        reason,
        since: s.paused?.since ?? now,
        until: now + PAUSE_MS,
      },
    }));
    return { outcome: 'refused', feed: lease.state().feed };
  }
  return {
    outcome: 'no feed',
    feed: { ...lease.state().feed, status: 'absent', note: text, cursor: undefined, marks: [] },
  };
}

async function takeEvents(
  ctx: PairContext,
  lease: PollLease,
  answer: Extract<FeedAnswer, { kind: 'events' }>,
): Promise<FeedReading> {
  const { changes, unknownPaths, end } = coalesceEvents(answer.events);
  const { feed } = lease.state();
  if (answer.skipped > 0) ctx.log('warn', 'the feed has entries that are no events', { count: answer.skipped });
  if (feed.cursor === undefined) {
    const cursor = end ?? { id: '0' };
    // While a long bootstrap is cut again and again, what was committed late is read from here on.
    const marks = [{ at: ctx.clock.now(), id: cursor.id }];
    return { outcome: 'read', feed: { ...feed, status: 'in use', note: undefined, cursor, marks } };
  }
  if (isFeedReset(feed.cursor, answer.events)) return await resetFeed(ctx, lease);
  const { epoch } = lease.state();
  // The cursor's own event is known: it is in the ledger, or older than the epoch's inventory.
  const { id: known } = feed.cursor;
  const fresh = changes.filter((change) => change.feedId !== known);
  const taken = await takeChanges(ctx, fresh, 'feed', epoch);
  if (taken > 0) ctx.log('info', 'the feed told of changes', { objects: taken });
  await keepUnknownPaths(ctx, lease, unknownPaths);
  const isAhead = end !== undefined && BigInt(end.id) > BigInt(feed.cursor.id);
  return {
    outcome: 'read',
    feed: { ...feed, status: 'in use', note: undefined, cursor: isAhead ? end : feed.cursor },
  };
}

async function resetFeed(ctx: PairContext, lease: PollLease): Promise<FeedReading> {
  const now = ctx.clock.now();
  const { feed } = lease.state();
  if (feed.resetAt !== undefined && now - feed.resetAt < RESET_PAUSE_MS) {
    const note = 'the feed was reset again within an hour; the inventory finds the changes until then';
    return { outcome: 'unavailable', feed: { ...feed, note } };
  }
  ctx.log('warn', 'the feed of the primary was reset: a new epoch begins with an inventory');
  await lease.write((s) => nextEpoch({ ...s, feed: { ...s.feed, resetAt: now } }, now));
  return await followFeed(ctx, lease);
}

/** The feed's progress after a completed poll. */
export const completedFeed = (reading: FeedReading, completedAt: number): FeedProgress =>
  reading.outcome === 'read' ? { ...reading.feed, marks: marksAfter(reading.feed, completedAt) } : reading.feed;
