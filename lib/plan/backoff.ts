const MINUTE_MS = 60_000;

/** An hour at most, so that a server repaired in the morning has the object before noon. */
const LONGEST_DELAY_MS = 60 * MINUTE_MS;

/**
 * The eighth failure parks: about two hours of trying (1 + 2 + 4 + 8 + 16 + 32 + 60 min) outlast a restart or an upgrade of a Chef server,
 * and a person should know by then.
 */
export const ATTEMPTS_BEFORE_PARKING = 8;

/** Parked objects are tried again once a day: what mended itself leaves the report, and a thousand refused objects cost a request per minute. */
export const PARKED_RETRY_MS = 24 * 60 * MINUTE_MS;

/**
 * Milliseconds to wait after the n-th failed attempt (n from 1): 1, 2, 4 … 60 minutes, less up to a quarter. `random` in [0, 1) chooses how
 * much less: the objects that failed together do not come back together, and none waits longer than status says.
 */
export function retryDelayMs(failedAttempts: number, random: number): number {
  const fullDelayMs = Math.min(MINUTE_MS * 2 ** (failedAttempts - 1), LONGEST_DELAY_MS);
  return Math.round(fullDelayMs * (1 - random / 4));
}
