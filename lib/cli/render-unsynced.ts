import type { UnsyncedObject } from '../sync/unsynced-objects.ts';
import { formatFuture, formatInstant, formatPast } from './human-time.ts';
import { plainText } from './plain-text.ts';
import { renderTable } from './render-table.ts';
import type { Screen } from './screen.ts';

const HEADER = ['PATH', 'ACTION', 'STATE', 'SINCE', 'ATTEMPTS', 'NEXT TRY', 'REASON'];

/** The table of `unsynced-objects`; `none` when there is nothing to show. */
export function renderUnsynced(objects: readonly UnsyncedObject[], now: number, screen: Screen): readonly string[] {
  if (objects.length === 0) return ['none'];
  const rows = objects.map(({ path, action, state, since, attempts, nextAttemptAt, reason }) =>
    [
      path,
      action,
      state,
      since === undefined ? '-' : formatPast(since, now),
      String(attempts),
      nextAttemptAt === undefined ? '-' : formatFuture(nextAttemptAt, now),
      plainText(reason),
    ].map((text) => ({ text })),
  );
  return renderTable(HEADER, rows, screen);
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
