import type { PairCondition } from '../model/pair-condition.ts';
import type { PairStatus } from '../sync/pair-status.ts';
import { formatDuration, formatFuture, formatPast } from './human-time.ts';
import { type Cell, renderTable } from './render-table.ts';
import type { Colour, Screen } from './screen.ts';
import { nextStep, readingLines, statusDetails } from './status-details.ts';

/** Green: nothing to do. Cyan: at work. Yellow: needs a look. Red: does not get on by itself. */
export const CONDITION_COLOUR: Readonly<Record<PairCondition, Colour>> = {
  'in sync': 'green',
  bootstrapping: 'cyan',
  'catching up': 'cyan',
  'baseline not compared': 'yellow',
  'deletes held': 'yellow',
  unsynced: 'red',
  waiting: 'red',
  stale: 'red',
  stopped: 'yellow',
  'never polled': 'gray',
  'no longer configured': 'gray',
};

const HEADER = ['PAIR', 'STATE', 'LAST POLL', 'NEXT POLL', 'LAG', 'DETAILS'];

/** In these states nobody knows what changed since, so a lag of 0 would be a lie. */
const LAG_UNKNOWN: ReadonlySet<PairCondition> = new Set([
  'never polled',
  'waiting',
  'stale',
  'stopped',
  'baseline not compared',
  'no longer configured',
]);

/** The table of `sync-status`: a row per pair, with further details below it in their own column. */
export function renderStatusTable(
  statuses: readonly PairStatus[],
  now: number,
  screen: Screen,
  address = '',
): readonly string[] {
  const rows = statuses.flatMap((status) => {
    const [first = '', ...others] = detailsAndNextStep(status, now, address);
    return [
      [...cellsOf(status, now), { text: first }],
      ...others.map((text): Cell[] => [...HEADER.slice(1).map(() => ({ text: '' })), { text }]),
    ];
  });
  return renderTable(HEADER, rows, screen);
}

/** One pair for a reader who asked for it: everything on lines of their own, nothing cut. */
export function renderStatusOfOne(status: PairStatus, now: number, screen: Screen, address = ''): readonly string[] {
  const [, ...cells] = cellsOf(status, now);
  const facts = cells.map(({ text, colour }, index) => {
    const label = (HEADER[index + 1] ?? '').toLowerCase();
    return `  ${label.padEnd(10)} ${screen.paint(text, colour)}`;
  });
  const details = [...detailsAndNextStep(status, now, address), ...readingLines(status, now)];
  return [status.pair, ...facts, ...details.map((text) => `  - ${text}`)];
}

const detailsAndNextStep = (status: PairStatus, now: number, address: string): readonly string[] => [
  ...statusDetails(status, now, address),
  ...[nextStep(status, address)].filter((step) => step !== undefined),
];

function cellsOf(status: PairStatus, now: number): readonly Cell[] {
  const { condition, lastPoll } = status;
  return [
    { text: status.pair },
    { text: stateText(status), colour: CONDITION_COLOUR[condition] },
    { text: lastPoll === undefined ? '-' : formatPast(lastPoll.endedAt, now) },
    { text: nextPollText(status, now) ?? '-' },
    { text: lagText(status) },
  ];
}

/** Pairs that nobody polls, whatever their last poll promised. */
const NOT_POLLED: ReadonlySet<PairCondition> = new Set(['stopped', 'no longer configured']);

/** When the pair is polled next; undefined when no poll is due. A poll of a pair that waits for a server ends at once, so it does not count. */
export function nextPollText({ condition, nextPollAt, paused }: PairStatus, now: number): string | undefined {
  if (nextPollAt === undefined || NOT_POLLED.has(condition)) return undefined;
  return formatFuture(Math.max(nextPollAt, paused?.until ?? 0), now);
}

/** The state with its numbers; reasons stand in the details. */
export function stateText({ condition, text, paused, unread }: PairStatus): string {
  // For a server, or for a list of one.
  const side = paused?.side ?? unread[0]?.side;
  if (condition === 'waiting') return side === undefined ? condition : `waiting for ${side}`;
  return condition === 'stale' ? condition : text;
}

/** The age of the oldest change that is not on the replica yet. */
export function lagText({ condition, lagMs }: PairStatus): string {
  return lagMs === 0 && LAG_UNKNOWN.has(condition) ? '-' : formatDuration(lagMs);
}
