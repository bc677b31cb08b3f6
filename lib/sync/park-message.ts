import type { CopyMessage } from '../model/copy-message.ts';
import { park } from '../model/ledger-entry.ts';
import { PARKED_RETRY_MS } from '../plan/backoff.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ledger } from '../ports/ledger.ts';

/**
 * Parks the object of a message that no copier could end: they crashed, ran out of time or could not be started each time it was delivered.
 * Its entry is then shown as parked and tried again in a day. Answers false, and does nothing, when the message's version is superseded or
 * settled.
 */
export async function parkMessage(
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
  { path, version }: CopyMessage,
): Promise<boolean> {
  const text =
    'Every copier that took the object crashed or ran out of time, or none could be started: look into the log of the copiers for its path.';
  const setback = { version, at: clock.now() + PARKED_RETRY_MS, error: { code: 'COPIERS_CRASHED', text } };
  const { isChanged } = await ledger.update(path, (entry) => park(entry, setback));
  return isChanged;
}
