import type { PairCondition, StatusCounts } from '../model/pair-condition.ts';
import type { PairState } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';

/** A pair of which no poll came and worked for this many intervals is stale. */
const STALE_AFTER_INTERVALS = 3;

/** What was read of a pair. */
export interface ConditionFacts {
  readonly counts: StatusCounts;
  /** Lists that could not be read lately. */
  readonly unread: readonly { readonly side: Side; readonly list: string; readonly reason: string }[];
  /** When all names and all contents of each side were last read completely. */
  readonly readings: Readonly<Record<Side, { readonly namesAt?: number; readonly contentsAt?: number }>>;
}

/** What the state of a pair is held against. */
export interface ConditionSetting {
  readonly now: number;
  /** Undefined: the pair is no longer configured. */
  readonly pollSeconds: number | undefined;
  /** Of the filter that is configured now; undefined: nobody knows the configuration. */
  readonly filterHash: string | undefined;
}

/** The condition, and with what belongs to it as a text for a person: `waiting for replica (…)`. */
export interface Description {
  readonly condition: PairCondition;
  readonly text: string;
}

const say = (condition: PairCondition, detail?: string): Description => ({
  condition,
  text: detail === undefined ? condition : `${condition} ${detail}`,
});

/**
 * The condition of a pair: the first thing that is true, in the order of what an operator must know first. "In sync" comes last, so that
 * nothing is ever hidden behind it.
 */
export function nameCondition(
  state: PairState | undefined,
  { counts, unread, readings }: ConditionFacts,
  { pollSeconds, filterHash, now }: ConditionSetting,
): Description {
  if (pollSeconds === undefined) return say('no longer configured');
  if (state === undefined) return say('never polled');
  if (state.isStopped) return say('stopped');
  if (state.paused !== undefined) return say('waiting', `for ${state.paused.side} (${state.paused.reason})`);
  if (state.lastPoll === undefined) return bootstrapping(counts);
  const goodAt = state.lastGoodPollAt ?? state.epochStartedAt;
  if (now - goodAt > STALE_AFTER_INTERVALS * pollSeconds * 1000 && !isPolling(state, now)) {
    return say('stale', `(no poll has worked since ${new Date(goodAt).toISOString()})`);
  }
  if (isFilterUnpolled(state, filterHash)) return say('bootstrapping', '(filter changed)');
  if (state.bootstrappedAt === undefined) return bootstrapping(counts);
  const pending = counts.pendingUpserts + counts.pendingDeletes - counts.failing;
  const failed = counts.parked + counts.failing + counts.absent;
  if (pending > 0) return say('catching up', also(pending, { unsynced: failed, 'deletes held': counts.held }));
  if (counts.held > 0) return say('deletes held', also(counts.held, { unsynced: failed }));
  if (failed > 0) return say('unsynced', `${failed}`);
  if (state.start === 'baseline') return say('baseline not compared');
  const first = unread[0];
  if (first !== undefined)
    return say('waiting', `for ${first.side} (list ${first.list} cannot be read: ${first.reason})`);
  const { primary, replica } = readings;
  if (primary.contentsAt === undefined || replica.contentsAt === undefined) return bootstrapping(counts);
  return say('in sync');
}

/** Whether the filter as configured now is another one than the last poll knew: what it lets in was not looked for yet. */
export const isFilterUnpolled = (state: PairState | undefined, filterHash: string | undefined): boolean =>
  state !== undefined && filterHash !== undefined && filterHash !== state.filterHash;

/** A long poll is under way: the lease says so. */
const isPolling = (state: PairState, now: number): boolean => state.leaseUntil !== undefined && state.leaseUntil > now;

const bootstrapping = (counts: StatusCounts): Description =>
  say('bootstrapping', `${Math.max(0, counts.total - counts.pendingUpserts)}/${counts.total}`);

const also = (count: number, others: Readonly<Record<string, number>>): string =>
  [
    `${count}`,
    ...Object.entries(others)
      .filter(([, n]) => n > 0)
      .map(([what, n]) => `${what} ${n}`),
  ].join(', ');
