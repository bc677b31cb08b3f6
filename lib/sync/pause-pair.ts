import { newPairState } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import type { SyncError } from '../model/sync-error.ts';
import { pauseFor } from './breaker.ts';
import type { PairRecords } from './pair-context.ts';

/**
 * Pauses the pair because one side cannot even be asked: its key is missing or unusable. Also a pair that was never polled, so that status
 * says what it waits for. Nothing is polled or copied until the pause is over; it keeps the time since when the reason is the same.
 */
export async function pausePair({ state, rules, clock }: PairRecords, side: Side, reason: SyncError): Promise<void> {
  const now = clock.now();
  await state.update((found) => {
    const known = found ?? newPairState(now, rules.filterHash, rules.startsWithCopy ? 'copy' : 'baseline');
    const { code, message: text } = reason;
    return { ...known, paused: pauseFor({ side, code, text }, now, known.paused) };
  });
}
