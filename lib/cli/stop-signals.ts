import { refusal, type SyncError } from '../model/sync-error.ts';
import { EXIT_CODES } from './exit-codes.ts';

/** Code of {@link interrupted}. */
export const INTERRUPTED = 'INTERRUPTED';

/** The error of a command that a signal has ended, in order, before everything was done. */
export const interrupted = (name: NodeJS.Signals): SyncError =>
  refusal(INTERRUPTED, `Ended by ${name} before everything was done: run it again.`);

/** A process that ends in order when it is asked to. */
export interface StopSignals {
  /** Aborted by the first SIGTERM or SIGINT, with {@link interrupted} as its reason. */
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
    stopping.abort(interrupted(name));
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
