import { type LedgerEntry, park, retryAt, type Setback } from '../model/ledger-entry.ts';
import type { PairState } from '../model/pair-state.ts';
import { ATTEMPTS_BEFORE_PARKING, PARKED_RETRY_MS, retryDelayMs } from '../plan/backoff.ts';
import type { FailureDecision } from '../plan/classify-response.ts';
import { openBreaker } from './breaker.ts';
import type { PairContext } from './pair-context.ts';

/** An entry whose attempt has begun, as it was then. */
export interface Begun {
  readonly entry: LedgerEntry;
  readonly state: PairState;
}

/** How a message ended. Every one of these is recorded in the ledger, so the message can be acknowledged. */
export type CopyOutcome = 'settled' | 'superseded' | 'retry' | 'parked' | 'held' | 'waiting';

/**
 * Writes a failure down: an endpoint's opens the breaker and gives the attempt back; an object's counts, with backoff, and parks the
 * object after the last attempt or at once when no retry can help.
 */
export async function recordFailure(
  ctx: PairContext,
  { entry }: Begun,
  decision: FailureDecision,
  { hasProgressed: hasMadeProgress = false, seen }: { readonly hasProgressed?: boolean; readonly seen?: string } = {},
): Promise<CopyOutcome> {
  const now = ctx.clock.now();
  const error = { code: decision.code, text: decision.text, side: decision.side };
  if (decision.outcome === 'endpoint') {
    await openBreaker(ctx, decision);
    const at = (await ctx.state.read())?.paused?.until ?? now;
    return await setBack(ctx, entry, { version: entry.version, at, error, seen, isAttemptGivenBack: true });
  }
  const isLast = entry.attempts >= ATTEMPTS_BEFORE_PARKING && !hasMadeProgress;
  const fields = { path: entry.path, code: decision.code, attempt: entry.attempts };
  if (isLast || decision.isHopeless) {
    ctx.log('warn', `parked: ${decision.text}`, fields);
    const setback = { version: entry.version, at: now + PARKED_RETRY_MS, error, seen };
    await ctx.ledger.update(entry.path, (current) => park(current, setback));
    return 'parked';
  }
  ctx.log('warn', decision.text, fields);
  const at = hasMadeProgress ? now : now + retryDelayMs(entry.attempts, ctx.clock.random());
  return await setBack(ctx, entry, { version: entry.version, at, error, seen, isAttemptGivenBack: hasMadeProgress });
}

/** The entry is tried again at the setback's time. */
export async function setBack(ctx: PairContext, entry: LedgerEntry, setback: Setback): Promise<CopyOutcome> {
  const { isChanged } = await ctx.ledger.update(entry.path, (current) => retryAt(current, setback));
  return isChanged ? 'retry' : 'superseded';
}
