import { refusal } from '../model/sync-error.ts';
import { EXIT_CODES } from './exit-codes.ts';

/** Code of the `SyncError` of a command that somebody has ended, in order, before everything was done. */
export const INTERRUPTED = 'INTERRUPTED';

/** A process that ends in order when it is asked to. */
export interface StopSignals {
  /** Aborted by the first SIGTERM or SIGINT, with an {@link INTERRUPTED} error as its reason. */
  readonly signal: AbortSignal;
  /** Signals end the process again as they do by default. */
  dispose(): void;
}

/**
 * From now on the first SIGTERM or SIGINT only aborts the signal, after `onStop` was told, so that copies under way can end. A second one
 * ends the process at once; the state file survives that too.
 */
export function takeStopSignals(onStop: (name: NodeJS.Signals) => void): StopSignals {
  const stopping = new AbortController();
  const listen = (name: NodeJS.Signals): void => {
    if (stopping.signal.aborted) process.exit(EXIT_CODES.killed.code);
    onStop(name);
    stopping.abort(refusal(INTERRUPTED, `Ended by ${name} before everything was done: run it again.`));
  };
  process.on('SIGTERM', listen);
  process.on('SIGINT', listen);
  return {
    signal: stopping.signal,
    dispose() {
      process.off('SIGTERM', listen);
      process.off('SIGINT', listen);
    },
  };
}
