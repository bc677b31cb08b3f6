import type { LedgerEntry, UnsyncedBucket } from '../model/ledger-entry.ts';
import type { Ledger } from '../ports/ledger.ts';

/** Entries of the index read at once. */
const PAGE = 1000;

/**
 * Every entry of a bucket, oldest first, page by page: read as far as the caller goes. Entries may change their place meanwhile; one that
 * is put behind the place reached comes again, one that left the bucket before its page was read does not come.
 */
export async function* unsyncedEntries(ledger: Ledger, bucket: UnsyncedBucket): AsyncGenerator<LedgerEntry, void> {
  let after: string | undefined;
  do {
    const page = await ledger.unsynced(bucket, { limit: PAGE, after });
    yield* page.entries;
    after = page.next;
  } while (after !== undefined);
}
