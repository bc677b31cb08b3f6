import { ConfigError } from '../config/config-error.ts';
import { PairSelectionError } from '../config/select-pairs.ts';
import { SyncError } from '../model/sync-error.ts';
import { systemClock } from '../runtime/system-clock.ts';
import type { Exit } from './exit-codes.ts';
import { withAddress } from './home-address.ts';
import { localTimes } from './human-time.ts';
import { plainText } from './plain-text.ts';
import { INTERRUPTED } from './stop-signals.ts';

/** An error in words for the person at the terminal. */
export interface ExplainedError {
  readonly exit: Exit;
  readonly lines: readonly string[];
}

const PROGRAM = 'chef-sync-ctl';

const sentenceOf = ({ message }: Error, address: string): string =>
  withAddress(localTimes(plainText(message), systemClock.now()), address);

function exitOf(error: PairSelectionError | SyncError): Exit {
  if (error.code === INTERRUPTED) return 'killed';
  const isServerInTheWay = error instanceof SyncError && error.scope === 'endpoint';
  return isServerInTheWay ? 'waiting' : 'refused';
}

/**
 * What is refused (configuration, pair, state file) and a server that cannot be used as their own sentences; anything else is a fault of
 * ours: one sentence, and the trace only for those who asked for it. Times are local, and commands to go on with end in `address`. A fault
 * that concerns one pair of several names it.
 */
export function explainError(error: unknown, showsTrace: boolean, address = '', pair?: string): ExplainedError {
  if (error instanceof ConfigError) return { exit: 'refused', lines: error.problems.map(plainText) };
  if (error instanceof PairSelectionError || error instanceof SyncError) {
    return { exit: exitOf(error), lines: [`${PROGRAM}: ${sentenceOf(error, address)}`] };
  }
  const fault = `${PROGRAM}: ${pair === undefined ? '' : `${pair}: `}a fault of chef-sync itself`;
  const message = plainText(error instanceof Error ? error.message : String(error));
  if (!showsTrace) {
    return {
      exit: 'fault',
      lines: [`${fault}: ${message}; run it again with --debug to see where`],
    };
  }
  const trace = error instanceof Error ? (error.stack ?? message) : message;
  return { exit: 'fault', lines: [fault, trace] };
}
