import type { Clock } from '../../lib/ports/clock.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';

/** Waits longer than this leap. */
const LONGEST_REAL_WAIT_MS = 50;

/**
 * This machine's time, except that whoever waits long finds it moved on: a pause of a minute is over after 50 ms, for everybody. Servers of
 * a test must read the same clock. Not for servers with a clock of their own: they refuse signatures from another quarter of an hour.
 */
export function leapingClock(): Clock {
  let aheadMs = 0;
  const now = (): number => Date.now() + aheadMs;
  return {
    now,
    random: systemClock.random,
    async sleep(milliseconds, signal) {
      const until = now() + Math.ceil(milliseconds);
      await systemClock.sleep(Math.min(milliseconds, LONGEST_REAL_WAIT_MS), signal);
      if (signal?.aborted !== true) aheadMs += Math.max(0, until - now());
    },
  };
}
