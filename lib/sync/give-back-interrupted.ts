import type { LedgerEntry } from '../model/ledger-entry.ts';
import { retryAt } from '../model/ledger-entry.ts';
import { PHASES } from '../model/phase.ts';
import type { PairContext } from './pair-context.ts';

/** Entries of the index read at once. */
const PAGE = 1000;

/**
 * After the death of the process that held the queue in memory: what was out is due at once, and attempts that had begun are given back
 * when several were under way, because at most one of them can have been the cause. One that dies alone again and again is parked as ever.
 */
export async function giveBackInterrupted(ctx: Pick<PairContext, 'ledger' | 'queue' | 'clock'>): Promise<void> {
  const interrupted: LedgerEntry[] = [];
  for (const phase of PHASES) {
    let after: string | undefined;
    do {
      const page = await ctx.ledger.unsynced(phase, { limit: PAGE, after });
      interrupted.push(...page.entries.filter(({ sentAt }) => sentAt !== undefined && sentAt < ctx.queue.beganAt));
      after = page.next;
    } while (after !== undefined);
  }
  const hadBegun = interrupted.filter((entry) => entry.attempts > 0).length;
  for (const { path, version, attempts } of interrupted) {
    const setback = { version, at: ctx.clock.now(), isAttemptGivenBack: attempts > 0 && hadBegun > 1 };
    await ctx.ledger.update(path, (entry) => retryAt(entry, setback));
  }
}
