import { ConfigError } from '../config/config-error.ts';
import { PairSelectionError } from '../config/select-pairs.ts';
import { SyncError } from '../model/sync-error.ts';
import type { Exit } from './exit-codes.ts';
import { plainText } from './plain-text.ts';

/** An error in words for the person at the terminal. */
export interface ExplainedError {
  readonly exit: Exit;
  readonly lines: readonly string[];
}

const PROGRAM = 'chef-sync-ctl';

/**
 * What is refused (configuration, pair, state file) and a server that cannot be used as their own sentences; anything else is a fault of ours: one sentence, and the trace
 * only for those who asked for it.
 */
export function explainError(error: unknown, showsTrace: boolean): ExplainedError {
  if (error instanceof ConfigError) return { exit: 'refused', lines: error.problems.map(plainText) };
  if (error instanceof PairSelectionError || error instanceof SyncError) {
    const isServerInTheWay = error instanceof SyncError && error.scope === 'endpoint';
    return { exit: isServerInTheWay ? 'waiting' : 'refused', lines: [`${PROGRAM}: ${plainText(error.message)}`] };
  }
  const message = plainText(error instanceof Error ? error.message : String(error));
  if (!showsTrace) {
    return {
      exit: 'fault',
      lines: [`${PROGRAM}: a fault of chef-sync itself: ${message}; run it again with --debug to see where`],
    };
  }
  const trace = error instanceof Error ? (error.stack ?? message) : message;
  return { exit: 'fault', lines: [`${PROGRAM}: a fault of chef-sync itself`, trace] };
}
