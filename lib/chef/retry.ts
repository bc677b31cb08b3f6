import type { RequestFailure } from '../model/chef-request-error.ts';
import type { Clock } from '../ports/clock.ts';
import { isTroubleStatus } from './http-answer.ts';

/** Tries of one request. The object is tried again minutes later by those who know its history; this only bridges a hiccup. */
const TRIES = 4;
/** Pause before the second try; doubled before each further one, and spread by half so that many requests do not return at once. */
const FIRST_PAUSE_MS = 500;
/** The longest pause that a server may ask for with Retry-After. */
const MAX_ASKED_PAUSE_MS = 30_000;
/** No further try begins later than this after the first: with one time-out more, a request ends well before a function's 5 minutes. */
const TRY_WINDOW_MS = 60_000;

/** Whether the same request may well succeed a moment later. Refusals (400, 401, 403, 404, 409, 413) and "not implemented" never do. */
export function mayPass({ cause, status = 0 }: RequestFailure): boolean {
  if (cause === 'status') return isTroubleStatus(status) && status !== 501;
  return cause === 'time-out' || cause === 'connection';
}

/** Whether a request that failed so often, and began then, is tried once more. */
export const isTriedAgain = (
  failure: RequestFailure,
  {
    failedTries,
    tries = TRIES,
    elapsedMs,
  }: { readonly failedTries: number; readonly tries?: number | undefined; readonly elapsedMs: number },
): boolean => mayPass(failure) && failedTries < tries && elapsedMs <= TRY_WINDOW_MS;

/** Pauses before another try after `failedTries` that failed, at least as long as the server asked for. */
export async function pauseBeforeTry(clock: Clock, failedTries: number, askedMs = 0): Promise<void> {
  const ownMs = FIRST_PAUSE_MS * 2 ** (failedTries - 1) * (0.5 + clock.random());
  await clock.sleep(Math.max(ownMs, askedMs));
}

/** The pause that a `Retry-After` in seconds asks for, as far as anybody waits for it; undefined for one that names a date, or none. */
export function askedPauseMs(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d+$/.test(retryAfter)
    ? Math.min(Number(retryAfter) * 1000, MAX_ASKED_PAUSE_MS)
    : undefined;
}
