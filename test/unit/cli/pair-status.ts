import type { PairStatus } from '../../../lib/sync/pair-status.ts';

/** A status of `eu/acme`: in sync with 42 objects at time 100,000 unless the changes say otherwise. */
export function pairStatusOf(
  changes: Partial<Omit<PairStatus, 'counts'>> & { counts?: Partial<PairStatus['counts']> } = {},
): PairStatus {
  const { counts, ...others } = changes;
  return {
    pair: 'eu/acme',
    condition: 'in sync',
    text: others.condition ?? 'in sync',
    lagMs: 0,
    readings: { primary: { namesAt: 90_000, contentsAt: 80_000 }, replica: { namesAt: 95_000, contentsAt: 40_000 } },
    plans: [],
    unread: [],
    unknownPaths: [],
    isFilterUnpolled: false,
    ...others,
    counts: {
      total: 42,
      pendingUpserts: 0,
      pendingDeletes: 0,
      stages: { content: 0, definitions: 0, pointers: 0, deletes: 0 },
      failing: 0,
      parked: 0,
      held: 0,
      absent: 0,
      onlyOnReplica: 0,
      ...counts,
    },
  };
}
