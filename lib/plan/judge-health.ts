/** What alarms are made of. */
export interface PairHealth {
  /** Age of the oldest change that is not on the replica yet; 0 when there is none. */
  readonly lagMs: number;
  /**
   * A person must look: a change waits for more than half an hour, objects are parked, deletes wait for an approval, a server cannot be
   * used, or no poll got its turn for that long.
   */
  readonly needsAttention: boolean;
}

/** What the health of a running pair is judged by. */
export interface HealthFacts {
  /** Since when the oldest change waits; undefined when none does. */
  readonly oldestSince: number | undefined;
  readonly hasParked: boolean;
  /** Deletes wait for an approval. */
  readonly hasPlans: boolean;
  readonly isPaused: boolean;
  /** When the last poll ended; before the first one, when the pair became known. */
  readonly polledAt: number;
  /** From poll to poll. */
  readonly intervalMs: number;
  readonly now: number;
}

/** Of a pair that waits for nothing, and of one that was stopped: somebody did that, so it is well. */
export const WELL: PairHealth = { lagMs: 0, needsAttention: false };

/** Half an hour: longer than a throttled server or a deployment takes, shorter than people wait before they ask. */
const MOST_LAG_MS = 30 * 60_000;

/** Or as many polls without a turn, of pairs that are polled rarely. */
const MOST_INTERVALS = 3;

/** Age of the oldest change that waits since then. Clocks of two machines may differ: never below 0. */
export const lagMs = (oldestSince: number | undefined, now: number): number =>
  oldestSince === undefined ? 0 : Math.max(0, now - oldestSince);

/** Whether a pair needs a person, and how far it is behind. */
export function judgeHealth({ oldestSince, polledAt, intervalMs, now, ...facts }: HealthFacts): PairHealth {
  const { hasParked, hasPlans, isPaused } = facts;
  const lag = lagMs(oldestSince, now);
  const isForgotten = lagMs(polledAt, now) > Math.max(MOST_LAG_MS, MOST_INTERVALS * intervalMs);
  return { lagMs: lag, needsAttention: lag > MOST_LAG_MS || hasParked || hasPlans || isPaused || isForgotten };
}
