import { isMessageOut, UNSYNCED_BUCKETS } from '../model/ledger-entry.ts';
import type { PairRecords } from './pair-context.ts';
import { unsyncedEntries } from './unsynced-entries.ts';

/** What a pair is doing at this moment. */
export interface WorkUnderWay {
  readonly isPolling: boolean;
  /** Copies whose message is out. One of a version that a newer one replaced is not among them. */
  readonly copies: number;
}

/**
 * Whether a poll holds the pair's lease, and how many copies are out. Messages sent before `queueBeganAt` are gone with their queue and do
 * not count. Reads state and ledger alone.
 */
export async function workUnderWay({ state, ledger, clock }: PairRecords, queueBeganAt: number): Promise<WorkUnderWay> {
  const now = clock.now();
  let copies = 0;
  for (const bucket of UNSYNCED_BUCKETS) {
    for await (const entry of unsyncedEntries(ledger, bucket)) {
      if (isMessageOut(entry, now, queueBeganAt)) copies += 1;
    }
  }
  return { isPolling: ((await state.read())?.leaseUntil ?? 0) > now, copies };
}
