import { type LedgerEntry, UNSYNCED_BUCKETS, type UnsyncedBucket } from '../model/ledger-entry.ts';
import type { StatusCounts } from '../model/pair-condition.ts';
import type { DeletePlan, FeedCursor, ListRow, PairState, Pause } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import { FAILURES_THAT_OPEN_A_PHASE } from '../plan/gate-phases.ts';
import { lagMs } from '../plan/judge-health.ts';
import {
  type ConditionFacts,
  type ConditionSetting,
  type Description,
  isFilterUnpolled,
  nameCondition,
} from '../plan/name-condition.ts';
import { unreadOf } from '../plan/pace-inventory.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { PairStateStore } from '../ports/pair-state.ts';

/** Everything status shows of a pair. Times are milliseconds since 1970. */
export interface PairStatus extends ConditionFacts, Description {
  readonly pair: string;
  readonly epoch?: number;
  /** Age of the oldest change that is not on the replica yet; 0 when there is none. */
  readonly lagMs: number;
  readonly feed?: { readonly status: string; readonly note?: string; readonly cursor?: FeedCursor };
  readonly paused?: Pause;
  readonly plans: readonly DeletePlan[];
  readonly unknownPaths: readonly string[];
  /** The configured filter is another one than the last poll knew: what it lets in was not looked for yet. */
  readonly isFilterUnpolled: boolean;
  readonly lastPoll?: PairState['lastPoll'];
  readonly nextPollAt?: number;
}

/** Where a pair's status is read. */
export interface StatusSources extends ConditionSetting {
  readonly pair: string;
  readonly ledger: Ledger;
  readonly state: PairStateStore;
}

/** The truth about one pair, read from its state and ledger alone: never asks a Chef server and never writes. */
export async function pairStatus(sources: StatusSources): Promise<PairStatus> {
  const { pair, ledger } = sources;
  const state = await sources.state.read();
  const found = await countUnsynced(ledger);
  const [ofPrimary, ofReplica] = await Promise.all([ledger.lists('primary'), ledger.lists('replica')]);
  const sumOf = (rows: readonly ListRow[], countIn: (row: ListRow) => number | undefined): number =>
    rows.filter(({ epoch }) => epoch === state?.epoch).reduce((sum, row) => sum + (countIn(row) ?? 0), 0);
  const { held, absent, pendingDeletes } = found.counts;
  // A list counts for the delete guard, to which what is leaving the primary still belongs.
  const leaving = held + absent + pendingDeletes;
  const counts: StatusCounts = {
    ...found.counts,
    total: Math.max(0, sumOf(ofPrimary, ({ count }) => count) - leaving),
    onlyOnReplica: sumOf(ofReplica, ({ extraCount }) => extraCount),
  };
  const facts = {
    pair,
    counts,
    lagMs: lagMs(found.oldestSince, sources.now),
    readings: { primary: readingsOf(state, 'primary'), replica: readingsOf(state, 'replica') },
    plans: await ledger.plans(),
    unread: (['primary', 'replica'] as const).flatMap((side) =>
      (state === undefined ? [] : unreadOf(state.inventory[side])).map((unread) => ({ side, ...unread })),
    ),
  };
  return {
    ...facts,
    ...nameCondition(state, facts, sources),
    epoch: state?.epoch,
    feed: state && { status: state.feed.status, note: state.feed.note, cursor: state.feed.cursor },
    paused: state?.paused,
    unknownPaths: state?.unknownPaths ?? [],
    isFilterUnpolled: isFilterUnpolled(state, sources.filterHash),
    lastPoll: state?.lastPoll,
    nextPollAt: state?.nextPollAt,
  };
}

const readingsOf = (state: PairState | undefined, side: Side): PairStatus['readings'][Side] => ({
  namesAt: state?.inventory[side].names?.completeAt,
  contentsAt: state?.inventory[side].contents?.completeAt,
});

/** What is unsynced. */
interface Found {
  readonly counts: Omit<StatusCounts, 'total' | 'onlyOnReplica'>;
  /** Since when the oldest change waits. */
  readonly oldestSince: number | undefined;
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
    oldestSince: times.length === 0 ? undefined : Math.min(...times),
  };
}
