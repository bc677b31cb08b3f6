import { UNSYNCED_BUCKETS } from '../model/ledger-entry.ts';
import type { PairRecords } from './pair-context.ts';

/** What alarms are made of. */
export interface PairHealth {
  /** Age of the oldest change that is not on the replica yet; 0 when there is none. */
  readonly lagMs: number;
  /**
   * A person must look: a change waits for more than half an hour, objects are parked, deletes wait for an approval, or a server cannot be
   * used.
   */
  readonly needsAttention: boolean;
}

/** Half an hour: longer than a throttled server or a deployment takes, shorter than people wait before they ask. */
const MOST_LAG_MS = 30 * 60_000;

/**
 * The health of a pair, from one row of each part of the index: as cheap with 100,000 objects waiting as with none. A stopped pair is well:
 * somebody stopped it.
 */
export async function pairHealth({ ledger, state: store }: PairRecords, now: number): Promise<PairHealth> {
  const state = await store.read();
  if (state === undefined || state.isStopped) return { lagMs: 0, needsAttention: false };
  const [plans, hasUnsynced] = await Promise.all([ledger.plans(), ledger.hasUnsynced()]);
  const oldest = await Promise.all(
    (hasUnsynced ? UNSYNCED_BUCKETS : []).map(async (bucket) => ({
      bucket,
      entry: (await ledger.unsynced(bucket, { limit: 1 })).entries[0],
    })),
  );
  const since = oldest.flatMap(({ entry }) => entry?.pendingSince ?? []);
  const hasParked = oldest.some(({ bucket, entry }) => bucket === 'parked' && entry !== undefined);
  const lagMs = since.length === 0 ? 0 : Math.max(0, now - Math.min(...since));
  return {
    lagMs,
    needsAttention: lagMs > MOST_LAG_MS || hasParked || plans.length > 0 || state.paused !== undefined,
  };
}
