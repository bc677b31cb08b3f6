import type { Config } from '../config/load-config.ts';
import { type Daemon, runningDaemon } from '../local/claim-daemon.ts';
import { createSqliteLedger } from '../local/sqlite-ledger.ts';
import { createSqlitePairState, forgetPair } from '../local/sqlite-pair-state.ts';
import { openStateFileForSteering } from '../local/sqlite-state-file.ts';
import type { OperatorAnswer, OperatorRequest } from '../model/operator-request.ts';
import { SyncError } from '../model/sync-error.ts';
import { answerOperator } from '../sync/answer-operator.ts';
import type { PairRecords } from '../sync/pair-context.ts';
import { type WorkUnderWay, workUnderWay } from '../sync/work-under-way.ts';
import { pairRules } from './pair-rules.ts';
import { systemClock } from './system-clock.ts';

/** Steers the pairs of a configuration on this machine, whether its daemon runs or not. */
export interface LocalOperator {
  /** Throws a `SyncError` when a pair is not configured, and as `answerOperator`. */
  answer(request: OperatorRequest): Promise<readonly OperatorAnswer[]>;
  /** What the daemon is doing with a pair; nothing when no daemon runs. */
  underWay(pair: string): Promise<WorkUnderWay>;
  /**
   * Removes everything the state file knows of a pair. Both organizations stay as they are. Throws a `SyncError` while the pair is
   * configured or the running daemon still polls it.
   */
  forget(pair: string): void;
  close(): void;
}

/** Opens the state file beside a daemon, never in its place. Throws a `SyncError` when it is missing or cannot be used. */
export function openLocalOperator({ pairs, statePath }: Config): LocalOperator {
  const file = openStateFileForSteering(statePath);
  const recordsOf = (name: string): PairRecords => {
    const pair = pairs.find((one) => one.name === name);
    if (pair === undefined) {
      throw refusal(`${name} is not configured any more: add it to the configuration again first.`, 'PAIR_UNKNOWN');
    }
    return {
      pair: name,
      rules: pairRules(pair.settings),
      ledger: createSqliteLedger(file, name),
      state: createSqlitePairState(file, name),
      clock: systemClock,
    };
  };
  return {
    answer: (request) => answerOperator(request, recordsOf),
    async underWay(pair) {
      const daemon = runningDaemon(file);
      if (daemon === undefined) return { isPolling: false, copies: 0 };
      return await workUnderWay(recordsOf(pair), daemon.startedAt);
    },
    forget(pair) {
      if (pairs.some(({ name }) => name === pair)) {
        throw refusal(`${pair} is still configured: remove it from the configuration first.`, 'PAIR_CONFIGURED');
      }
      const daemon = runningDaemon(file);
      if (daemon?.pairs.includes(pair) === true) throw stillPolled(pair, daemon);
      forgetPair(file, pair);
    },
    close: () => file.close(),
  };
}

const stillPolled = (pair: string, { pid, startedAt }: Daemon): SyncError =>
  refusal(
    `The daemon (process ${pid}, since ${new Date(startedAt).toISOString()}) still polls ${pair}: start it anew, with the new configuration, first.`,
    'PAIR_POLLED',
  );

const refusal = (sentence: string, code: string): SyncError =>
  new SyncError(sentence, { code, scope: 'pair', retry: 'never' });
