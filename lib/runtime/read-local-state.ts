import { existsSync } from 'node:fs';
import type { PairSettings } from '../config/organization-pair.ts';
import { runningDaemon } from '../local/claim-daemon.ts';
import { createSqliteLedger, lastSettled } from '../local/sqlite-ledger.ts';
import { createSqlitePairState, listPairs } from '../local/sqlite-pair-state.ts';
import { openStateFile, openStateFileForReading, type StateFile } from '../local/sqlite-state-file.ts';
import type { PairState } from '../model/pair-state.ts';
import { SyncError } from '../model/sync-error.ts';
import { type PairStatus, pairStatus } from '../sync/pair-status.ts';
import { type UnsyncedFilter, type UnsyncedPage, unsyncedPage } from '../sync/unsynced-objects.ts';
import type { RecentCopy } from './operator.ts';
import { pairRules } from './pair-rules.ts';

/** What a state file tells of its pairs. Reads only, also while a daemon works on the file. */
export interface LocalState {
  /** Pairs that were ever polled with this file. */
  readonly pairs: readonly string[];
  /** `settings` `unknown`: there is no configuration to ask. */
  status(pair: string, settings: PairSettings | 'unknown' | 'no longer configured', now: number): Promise<PairStatus>;
  /** As `Operator.unsyncedPage`. */
  unsyncedPage(pair: string, filter: UnsyncedFilter, after?: string): Promise<UnsyncedPage>;
  /** As `Operator.recentCopies`. */
  recentCopies(pair: string, limit: number): readonly RecentCopy[];
  /** As `Operator.hasDaemon`. */
  hasDaemon(): boolean;
  close(): void;
}

/** Opens an existing state file for reading. Throws a `SyncError` when it is missing or cannot be read. */
export function readLocalState(statePath: string): LocalState {
  return localState(openStateFileForReading(statePath));
}

/** As {@link readLocalState}; a file that does not exist yet reads as one in which no pair was ever polled, and is not made. */
export function readLocalStateIfAny(statePath: string): LocalState {
  try {
    return readLocalState(statePath);
  } catch (error) {
    if (!(error instanceof SyncError && error.code === 'STATE_FILE_MISSING')) throw error;
    return localState(openStateFile(':memory:', { now: 0 }));
  }
}

function localState(file: StateFile): LocalState {
  return {
    pairs: listPairs(file),
    async status(pair, settings, now) {
      const state = createSqlitePairState(file, pair);
      const sources = { pair, ledger: createSqliteLedger(file, pair), state, now };
      if (settings === 'no longer configured')
        return await pairStatus({ ...sources, pollSeconds: undefined, filterHash: undefined });
      if (settings === 'unknown')
        return await pairStatus({ ...sources, pollSeconds: pollSecondsOf(await state.read()), filterHash: undefined });
      const { pollSeconds, filterHash } = pairRules(settings);
      return await pairStatus({ ...sources, pollSeconds, filterHash });
    },
    unsyncedPage: (pair, filter, after) => unsyncedPage(createSqliteLedger(file, pair), filter, after),
    recentCopies: (pair, limit) => lastSettled(file, pair, limit),
    // Before the first run the state is in memory.
    hasDaemon: () => existsSync(file.path) && runningDaemon(file) !== undefined,
    close: () => file.close(),
  };
}

/** `pollSeconds` of the configuration allows no more. */
const MOST_POLL_SECONDS = 3600;
/** The default of the configuration. */
const USUAL_POLL_SECONDS = 60;

/** What the last poll promised of the next one; of a poll that took longer than its interval that is too much, but never too little. */
function pollSecondsOf(state: PairState | undefined): number {
  if (state?.lastPoll === undefined || state.nextPollAt === undefined) return USUAL_POLL_SECONDS;
  return Math.min(MOST_POLL_SECONDS, (state.nextPollAt - state.lastPoll.startedAt) / 1000);
}
