import type { OnceReport } from '../runtime/local-polls.ts';
import { onceExit } from './exit-codes.ts';
import { counted, plainText } from './plain-text.ts';
import { CONDITION_COLOUR, stateText } from './render-status.ts';
import { renderUnsynced, unsyncedJson } from './render-unsynced.ts';
import type { Screen } from './screen.ts';
import { statusDetails, statusJson } from './status-details.ts';

/** Objects listed of one pair; a page of a terminal. The command that lists all of them follows. */
const LISTED = 20;
/** Objects listed of one pair in `--json`: enough for a program to tell what is wrong. */
const LISTED_IN_JSON = 1000;
/** Before what belongs to a pair. */
const INDENT = '  ';

/** How the passes of one pair came out: a line, and when it is not in sync what is left over and why. */
export function renderOnce(report: OnceReport, now: number, screen: Screen, address = ''): readonly string[] {
  const { pair, poll, status, unsynced } = report;
  const outcome = screen.paint(outcomeText(report), CONDITION_COLOUR[status.condition]);
  const problem = poll.problem === undefined ? '' : `: ${plainText(poll.problem)}`;
  const details = statusDetails(status, now, address);
  const isInSync = onceExit(report) === 'ok';
  const lines = [
    `${pair}  ${outcome}${problem}${isInSync ? ` (${[counted(status.counts.total, 'object'), ...details].join(', ')})` : ''}`,
  ];
  if (isInSync) return lines;
  if (poll.problem === undefined) lines.push(...details.map((detail) => `  ${detail}`));
  if (unsynced.length === 0) return lines;
  const width = screen.width();
  const indented = { ...screen, width: () => (width === undefined ? undefined : width - INDENT.length) };
  lines.push(...renderUnsynced(unsynced.slice(0, LISTED), now, indented).map((line) => INDENT + line));
  if (unsynced.length > LISTED) {
    lines.push(`  and ${unsynced.length - LISTED} more: chef-sync-ctl unsynced-objects ${pair}${address}`);
  }
  return lines;
}

function outcomeText(report: OnceReport): string {
  const { poll, fault, status } = report;
  if (fault !== undefined) return 'could not be polled, a fault of chef-sync';
  if (poll.outcome === 'complete') {
    // "Catching up" would promise that somebody goes on; nobody does when the passes are over.
    return onceExit(report) === 'unsynced' ? `unsynced ${report.unsynced.length}` : stateText(status);
  }
  if (poll.outcome === 'stopped') return 'stopped';
  if (poll.outcome === 'cut') return 'not finished';
  return 'could not be polled';
}

/** The same for `--json`. */
export function onceJson(report: OnceReport): Readonly<Record<string, unknown>> {
  return {
    ...statusJson(report.status),
    poll: report.poll,
    unsyncedCount: report.unsynced.length,
    unsynced: report.unsynced.slice(0, LISTED_IN_JSON).map(unsyncedJson),
  };
}
