import { createLogUpdate } from 'log-update';
import type { FinishedJob, Inspector, JobOrder, JobWatch } from '../runtime/inspector.ts';
import { counted, plainText } from './plain-text.ts';
import { screenOn } from './screen.ts';
import { takeStopSignals } from './stop-signals.ts';

/** How a job is waited for. */
export interface WaitOptions extends Pick<JobWatch, 'keepsValues'> {
  /** Set where a sudden end would leave something behind: what the first SIGTERM or SIGINT waits for, in words. */
  readonly endsAfter?: string | undefined;
}

/**
 * Works on a job to its end. A terminal sees how far it is, and stderr gets what else there is to know. Rejects as `Inspector.finish` does.
 */
export async function finishJob(
  inspector: Inspector,
  order: JobOrder,
  { keepsValues = false, endsAfter }: WaitOptions = {},
): Promise<FinishedJob> {
  const screen = screenOn(process.stderr);
  const draw = screen.isTerminal ? createLogUpdate(screen.stream) : undefined;
  const onCount = (count: number): void =>
    draw?.('pair' in order ? `${order.pair}  ${counted(count, 'object')} compared` : 'examining the servers');
  const onNews = (sentence: string): void => (draw?.persist ?? screen.line)(plainText(sentence));
  const stop =
    endsAfter === undefined
      ? undefined
      : takeStopSignals((name) => onNews(`${name}: ends after ${endsAfter}; a second one ends at once`));
  try {
    onCount(0);
    return await inspector.finish(order, { onCount, onNews, keepsValues, signal: stop?.signal });
  } finally {
    stop?.dispose();
    draw?.clear();
    draw?.done();
  }
}
