import { ChefRequestError, type RequestFailure } from '../model/chef-request-error.ts';
import { isPaused, PAUSE_MS, type Pause } from '../model/pair-state.ts';
import type { SyncError } from '../model/sync-error.ts';
import { type FailureDecision, isSuspect, judgeFailure } from '../plan/classify-response.ts';
import { orgOf, type PairContext, type PairSides } from './pair-context.ts';

/** What a failure means, after a probe of that side's organization where only a probe can tell. */
export async function judge(ctx: PairSides, error: ChefRequestError | SyncError): Promise<FailureDecision> {
  if (!(error instanceof ChefRequestError)) {
    return {
      outcome: 'object',
      isHopeless: error.retry === 'never',
      code: error.code,
      text: error.message,
      side: error.side ?? 'primary',
    };
  }
  const { failure } = error;
  return judgeFailure(failure, isSuspect(failure) ? await probe(ctx, failure) : undefined);
}

async function probe(ctx: PairSides, failure: RequestFailure): Promise<'good' | 'failed'> {
  try {
    await orgOf(ctx, failure.side).probe();
    return 'good';
  } catch (error) {
    if (error instanceof ChefRequestError) return 'failed';
    throw error;
  }
}

/** The pause that an endpoint's failure causes; `since` stays that of a pause for the same reason. */
export function pauseFor(
  decision: Pick<FailureDecision, 'side' | 'code' | 'text'>,
  now: number,
  earlier?: Pause,
): Pause {
  const isSame = earlier !== undefined && earlier.side === decision.side && earlier.code === decision.code;
  return {
    side: decision.side,
    code: decision.code,
    reason: decision.text,
    since: isSame ? earlier.since : now,
    until: now + PAUSE_MS,
  };
}

/**
 * Opens the pair's breaker for a side: nothing of the pair is polled or copied until the pause is over, then one poll probes. Afterwards
 * the pair is paused, by this call or an earlier one.
 */
export async function openBreaker(ctx: PairContext, decision: FailureDecision): Promise<void> {
  const now = ctx.clock.now();
  const { isChanged } = await ctx.state.update((state) => {
    if (state === undefined || isPaused(state, now)) return undefined;
    return { ...state, paused: pauseFor(decision, now, state.paused) };
  });
  if (isChanged) ctx.log('warn', decision.text, { code: decision.code, side: decision.side });
}
