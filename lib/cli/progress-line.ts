import type { PairStatus } from '../sync/pair-status.ts';
import { cutText } from './plain-text.ts';
import { CONDITION_COLOUR, lagText, stateText } from './render-status.ts';
import type { Screen } from './screen.ts';
import { statusDetails } from './status-details.ts';

/** How far a pair is, at one moment. */
export interface PairProgress {
  readonly status: PairStatus;
  /** What is being copied: content, definitions, pointers, deletes; undefined when nothing is. */
  readonly stage?: string;
  /** Undefined until there are two moments to compare. */
  readonly objectsPerSecond?: number;
}

const BAR_WIDTH = 24;

/** `█████████░░░░░░░`: the done part of a total; empty while the total is 0. */
export function progressBar(done: number, total: number, width: number = BAR_WIDTH): string {
  const filled = total === 0 ? 0 : Math.floor((Math.min(done, total) / total) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** Objects of the primary that are on the replica. */
export const doneOf = ({ counts }: PairStatus): number => Math.max(0, counts.total - counts.pendingUpserts);

/** One pair on one line of a terminal, cut to its width: a bar while bootstrapping, the ages of the readings when in sync. */
export function progressLine(
  progress: PairProgress,
  nameWidth: number,
  now: number,
  screen: Screen,
  address = '',
): string {
  const { status } = progress;
  const name = status.pair.padEnd(nameWidth);
  const parts =
    status.condition === 'bootstrapping'
      ? ['bootstrapping', progressBar(doneOf(status), status.counts.total), ...measures(progress)]
      : status.condition === 'catching up'
        ? [stateText(status), ...measures(progress)]
        : [stateText(status), statusDetails(status, now, address)[0] ?? ''];
  const text = cutText(`${name}  ${parts.join('  ')}`, (screen.width() ?? Number.POSITIVE_INFINITY) - 1);
  const [word = ''] = parts;
  const start = nameWidth + 2;
  const end = start + word.length;
  return (
    text.slice(0, start) + screen.paint(text.slice(start, end), CONDITION_COLOUR[status.condition]) + text.slice(end)
  );
}

/** `definitions  120/1000  85/s  lag 4s`. */
function measures({ status, stage, objectsPerSecond }: PairProgress): readonly string[] {
  return [
    ...(stage === undefined ? [] : [stage]),
    `${doneOf(status)}/${status.counts.total}`,
    ...(objectsPerSecond === undefined ? [] : [`${Math.round(objectsPerSecond)}/s`]),
    `lag ${lagText(status)}`,
  ];
}

/** The words of a plain log line for the same: what a change of state or a while of work is worth telling. */
export function progressMessage(progress: PairProgress, now: number, address = ''): string {
  const { status } = progress;
  if (status.condition === 'bootstrapping' || status.condition === 'catching up') {
    return [status.condition, ...measures(progress)].join('  ');
  }
  const [detail] = statusDetails(status, now, address);
  // That detail begins with the same words.
  if (status.paused !== undefined && status.condition === 'waiting' && detail !== undefined) return detail;
  return detail === undefined ? stateText(status) : `${stateText(status)}  ${detail}`;
}

/** When to look again after a look that took so long: with hundreds of pairs, looking may cost a fifth of the time, not all of it. */
export function refreshPauseMs(tookMs: number, leastMs: number): number {
  return Math.max(leastMs, 4 * tookMs);
}
