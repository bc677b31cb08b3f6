import { UNSYNCED_BUCKETS } from '../model/ledger-entry.ts';
import type { PairRecords } from './pair-context.ts';

/** What a pair is doing at this moment. */
export interface WorkUnderWay {
  readonly isPolling: boolean;
  /** Copies whose message is out. One of a version that a newer one replaced is not among them. */
  readonly copies: number;
}

/** Entries of the index read at once. */
const PAGE = 1000;

/**
 * Whether a poll holds the pair's lease, and how many copies are out. Messages sent before `queueBeganAt` are gone with their queue and do
 * not count. Reads state and ledger alone.
 */
export async function workUnderWay({ state, ledger, clock }: PairRecords, queueBeganAt: number): Promise<WorkUnderWay> {
  const now = clock.now();
  let copies = 0;
  for (const bucket of UNSYNCED_BUCKETS) {
    let after: string | undefined;
    do {
      const page = await ledger.unsynced(bucket, { limit: PAGE, after });
      copies += page.entries.filter(
        ({ sentAt, nextAttemptAt = 0 }) => sentAt !== undefined && sentAt >= queueBeganAt && nextAttemptAt > now,
      ).length;
      after = page.next;
    } while (after !== undefined);
  }
  return { isPolling: ((await state.read())?.leaseUntil ?? 0) > now, copies };
}
