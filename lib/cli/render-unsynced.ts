import type { UnsyncedObject } from '../sync/unsynced-objects.ts';
import { formatFuture, formatInstant, formatPast } from './human-time.ts';
import { plainText } from './plain-text.ts';
import { renderTable } from './render-table.ts';
import type { Screen } from './screen.ts';

const HEADER = ['PATH', 'ACTION', 'STATE', 'SINCE', 'ATTEMPTS', 'NEXT TRY', 'REASON'];

/** The table of `unsynced-objects`; `none` when there is nothing to show. */
export function renderUnsynced(objects: readonly UnsyncedObject[], now: number, screen: Screen): readonly string[] {
  if (objects.length === 0) return ['none'];
  const rows = objects.map((object) => {
    const { path, action, state, since, attempts, reason } = object;
    return [
      path,
      action,
      state,
      since === undefined ? '-' : formatPast(since, now),
      String(attempts),
      nextTry(object, now),
      plainText(reason),
    ].map((text) => ({ text }));
  });
  return renderTable(HEADER, rows, screen);
}

/**
 * When the object is tried next: `-` while it is being copied or an operator has to say. Of what is due a delete, and what was never tried,
 * may have to wait for others: `in its turn`.
 */
export function nextTry({ action, attempts, nextAttemptAt }: UnsyncedObject, now: number): string {
  if (nextAttemptAt === undefined) return '-';
  const isDue = nextAttemptAt <= now;
  return isDue && (action === 'delete' || attempts === 0) ? 'in its turn' : formatFuture(nextAttemptAt, now);
}

/** An unsynced object as `--json` shows it. */
export function unsyncedJson(object: UnsyncedObject): Readonly<Record<string, unknown>> {
  const { since, nextAttemptAt } = object;
  return {
    ...object,
    since: since === undefined ? undefined : formatInstant(since),
    nextAttemptAt: nextAttemptAt === undefined ? undefined : formatInstant(nextAttemptAt),
  };
}
