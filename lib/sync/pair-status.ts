import { type LedgerEntry, UNSYNCED_BUCKETS, type UnsyncedBucket } from '../model/ledger-entry.ts';
import type { DeletePlan, FeedCursor, PairState, Pause } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import { FAILURES_THAT_OPEN_A_PHASE } from '../plan/gate-phases.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { PairStateStore } from '../ports/pair-state.ts';

/** The one word for a pair (design §8.3). */
export type PairCondition =
  | 'never polled'
  | 'bootstrapping'
  | 'catching up'
  | 'in sync'
  | 'unsynced'
  | 'deletes held'
  | 'waiting'
  | 'baseline not compared'
  | 'stopped'
  | 'stale'
  | 'no longer configured';

/** Everything status shows of a pair. Times are milliseconds since 1970. */
export interface PairStatus {
  readonly pair: string;
  readonly condition: PairCondition;
  /** The condition and why, for a person: `waiting for replica (…)`. */
  readonly text: string;
  readonly epoch?: number;
  /** Objects by what is to be done with them. */
  readonly counts: StatusCounts;
  /** Age of the oldest change that is not on the replica yet; 0 when there is none. */
  readonly lagMs: number;
  readonly readings: Readonly<Record<Side, { readonly namesAt?: number; readonly contentsAt?: number }>>;
  readonly feed?: { readonly status: string; readonly note?: string; readonly cursor?: FeedCursor };
  readonly paused?: Pause;
  readonly plans: readonly DeletePlan[];
  /** Lists that could not be read lately. */
  readonly unread: readonly { readonly side: Side; readonly list: string; readonly reason: string }[];
  readonly unknownPaths: readonly string[];
  /** The configured filter is another one than the last poll knew: what it lets in was not looked for yet. */
  readonly isFilterUnpolled: boolean;
  readonly lastPoll?: PairState['lastPoll'];
  readonly nextPollAt?: number;
}

export interface StatusCounts {
  /** Live objects of the primary as last read. */
  readonly total: number;
  readonly pendingUpserts: number;
  readonly pendingDeletes: number;
  /** Of the pending ones, those that failed three times or more. */
  readonly failing: number;
  readonly parked: number;
  readonly held: number;
  readonly absent: number;
  /** The pending ones by what is copied when: each waits for those before it. */
  readonly stages: Readonly<Record<'content' | 'definitions' | 'pointers' | 'deletes', number>>;
  /** Objects that only the replica has; never touched. */
  readonly onlyOnReplica: number;
}

/** A pair without a complete poll for this many intervals is stale. */
const STALE_AFTER_INTERVALS = 3;

export interface StatusSources {
  readonly pair: string;
  readonly ledger: Ledger;
  readonly state: PairStateStore;
  readonly now: number;
  /** Undefined: the pair is no longer configured. */
  readonly pollSeconds: number | undefined;
  /** Of the filter that is configured now; undefined: nobody knows the configuration. */
  readonly filterHash: string | undefined;
}

/** The truth about one pair, read from its state and ledger alone: never asks a Chef server and never writes. */
export async function pairStatus(sources: StatusSources): Promise<PairStatus> {
  const { pair, ledger } = sources;
  const state = await sources.state.read();
  const found = await countUnsynced(ledger);
  const rows = await Promise.all([ledger.lists('primary'), ledger.lists('replica')]);
  const sum = (numbers: readonly (number | undefined)[]): number =>
    numbers.reduce<number>((all, n) => all + (n ?? 0), 0);
  const counts: StatusCounts = {
    total: sum(rows[0].filter((row) => row.epoch === state?.epoch).map((row) => row.count)),
    ...found.counts,
    onlyOnReplica: sum(rows[1].filter((row) => row.epoch === state?.epoch).map((row) => row.extraCount)),
  };
  const facts = {
    pair,
    counts,
    lagMs: found.oldest === undefined ? 0 : Math.max(0, sources.now - found.oldest),
    readings: { primary: readingsOf(state, 'primary'), replica: readingsOf(state, 'replica') },
    plans: await ledger.plans(),
    unread: (['primary', 'replica'] as const).flatMap((side) =>
      (state?.inventory[side].unread ?? []).map((unread) => ({ side, ...unread })),
    ),
  };
  return {
    ...facts,
    ...describe(state, facts, sources),
    epoch: state?.epoch,
    feed: state && { status: state.feed.status, note: state.feed.note, cursor: state.feed.cursor },
    paused: state?.paused,
    unknownPaths: state?.unknownPaths ?? [],
    isFilterUnpolled: isFilterUnpolled(state, sources),
    lastPoll: state?.lastPoll,
    nextPollAt: state?.nextPollAt,
  };
}

const readingsOf = (state: PairState | undefined, side: Side): PairStatus['readings'][Side] => ({
  namesAt: state?.inventory[side].names?.completeAt,
  contentsAt: state?.inventory[side].contents?.completeAt,
});

interface Found {
  readonly counts: Omit<StatusCounts, 'total' | 'onlyOnReplica'>;
  readonly oldest: number | undefined;
}

/** Oldest entries of a phase looked at for failures; failing ones are the oldest. */
const LOOKED_AT = 1000;

async function countUnsynced(ledger: Ledger): Promise<Found> {
  const counts = new Map<UnsyncedBucket, number>();
  const oldestRows: LedgerEntry[] = [];
  let failing = 0;
  for (const bucket of UNSYNCED_BUCKETS) {
    counts.set(bucket, await ledger.countUnsynced(bucket));
    if (counts.get(bucket) === 0) continue;
    const { entries } = await ledger.unsynced(bucket, { limit: typeof bucket === 'number' ? LOOKED_AT : 1 });
    if (typeof bucket === 'number')
      failing += entries.filter((entry) => entry.attempts >= FAILURES_THAT_OPEN_A_PHASE).length;
    oldestRows.push(...entries.slice(0, 1));
  }
  const of = (...buckets: readonly UnsyncedBucket[]): number =>
    buckets.reduce((sum, bucket) => sum + (counts.get(bucket) ?? 0), 0);
  const times = oldestRows.flatMap((entry) => (entry.pendingSince === undefined ? [] : [entry.pendingSince]));
  return {
    counts: {
      pendingUpserts: of(1, 2, 3),
      pendingDeletes: of(4, 5, 6),
      stages: { content: of(1), definitions: of(2), pointers: of(3), deletes: of(4, 5, 6) },
      failing,
      parked: of('parked'),
      held: of('held'),
      absent: of('absent'),
    },
    oldest: times.length === 0 ? undefined : Math.min(...times),
  };
}

type Facts = Pick<PairStatus, 'counts' | 'unread' | 'readings'>;
type Description = Pick<PairStatus, 'condition' | 'text'>;

const say = (condition: PairCondition, detail?: string): Description => ({
  condition,
  text: detail === undefined ? condition : `${condition} ${detail}`,
});

/** The first thing that is true, in the order of what an operator must know first. */
function describe(
  state: PairState | undefined,
  { counts, unread, readings }: Facts,
  sources: StatusSources,
): Description {
  if (sources.pollSeconds === undefined) return say('no longer configured');
  if (state === undefined) return say('never polled');
  if (state.isStopped) return say('stopped');
  if (state.paused !== undefined) return say('waiting', `for ${state.paused.side} (${state.paused.reason})`);
  if (state.lastPoll === undefined && state.lastCompletePollAt === undefined) return bootstrapping(counts);
  // A bootstrap may take many polls that are cut: as long as they come it is not stale.
  const isBootstrapping = state.bootstrappedAt === undefined && state.lastPoll !== undefined;
  const completeAt = isBootstrapping ? state.lastPoll.endedAt : (state.lastCompletePollAt ?? state.epochStartedAt);
  if (sources.now - completeAt > STALE_AFTER_INTERVALS * sources.pollSeconds * 1000 && !isPolling(state, sources.now)) {
    return say('stale', `(no complete poll since ${new Date(completeAt).toISOString()})`);
  }
  if (isFilterUnpolled(state, sources)) return say('bootstrapping', '(filter changed)');
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

const isFilterUnpolled = (state: PairState | undefined, { filterHash }: StatusSources): boolean =>
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
