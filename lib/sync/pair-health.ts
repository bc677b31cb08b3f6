import { UNSYNCED_BUCKETS } from '../model/ledger-entry.ts';
import { judgeHealth, type PairHealth, WELL } from '../plan/judge-health.ts';
import type { PairRecords } from './pair-context.ts';

/**
 * The health of a pair, from one row of each part of the index: as cheap with 100,000 objects waiting as with none. A stopped pair is well:
 * somebody stopped it.
 */
export async function pairHealth({ ledger, state: store, rules }: PairRecords, now: number): Promise<PairHealth> {
  const state = await store.read();
  if (state === undefined || state.isStopped) return WELL;
  const [plans, hasUnsynced] = await Promise.all([ledger.plans(), ledger.hasUnsynced()]);
  const oldest = await Promise.all(
    (hasUnsynced ? UNSYNCED_BUCKETS : []).map(async (bucket) => ({
      bucket,
      entry: (await ledger.unsynced(bucket, { limit: 1 })).entries[0],
    })),
  );
  const since = oldest.flatMap(({ entry }) => entry?.pendingSince ?? []);
  return judgeHealth({
    oldestSince: since.length === 0 ? undefined : Math.min(...since),
    hasParked: oldest.some(({ bucket, entry }) => bucket === 'parked' && entry !== undefined),
    hasPlans: plans.length > 0,
    isPaused: state.paused !== undefined,
    polledAt: state.lastPoll?.endedAt ?? state.epochStartedAt,
    intervalMs: rules.pollSeconds * 1000,
    now,
  });
}
