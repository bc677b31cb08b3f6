import { isMessageLost, type LedgerEntry, retryAt } from '../model/ledger-entry.ts';
import { PHASES } from '../model/phase.ts';
import type { PairContext } from './pair-context.ts';
import { unsyncedEntries } from './unsynced-entries.ts';

/**
 * After the death of the process that held the queue in memory: what was out is due at once, and attempts that had begun are given back
 * when several were under way, because at most one of them can have been the cause. One that dies alone again and again is parked as ever.
 */
export async function giveBackInterrupted(ctx: Pick<PairContext, 'ledger' | 'queue' | 'clock'>): Promise<void> {
  const interrupted: LedgerEntry[] = [];
  for (const phase of PHASES) {
    for await (const entry of unsyncedEntries(ctx.ledger, phase)) {
      if (isMessageLost(entry, ctx.queue.beganAt)) interrupted.push(entry);
    }
  }
  const hadBegun = interrupted.filter((entry) => entry.attempts > 0).length;
  for (const { path, version, attempts } of interrupted) {
    const setback = { version, at: ctx.clock.now(), isAttemptGivenBack: attempts > 0 && hadBegun > 1 };
    await ctx.ledger.update(path, (entry) => retryAt(entry, setback));
  }
}
