import type { OrganizationPair, PairSettings } from '../config/organization-pair.ts';
import { type Daemon, runningDaemon } from '../local/claim-daemon.ts';
import { createSqliteLedger } from '../local/sqlite-ledger.ts';
import { createSqlitePairState, forgetPair } from '../local/sqlite-pair-state.ts';
import { openStateFileForSteering, type StateFile } from '../local/sqlite-state-file.ts';
import { refusal, type SyncError } from '../model/sync-error.ts';
import { answerOperator } from '../sync/answer-operator.ts';
import type { PairRecords } from '../sync/pair-context.ts';
import { workUnderWay } from '../sync/work-under-way.ts';
import { logFile } from './open-log.ts';
import { type Operator, replicaNameOf } from './operator.ts';
import { pairRules } from './pair-rules.ts';
import { type LocalState, readLocalState, readLocalStateIfAny } from './read-local-state.ts';
import { openLogReader } from './read-log.ts';
import { systemClock } from './system-clock.ts';

/** A state file, and the configuration that it belongs to; a state file that is named alone must exist. */
export interface LocalHome {
  readonly statePath: string;
  readonly pairs?: readonly OrganizationPair[];
  /** As `Operator.address`. */
  readonly address?: string;
}

const LOOK_EVERY_MS = 100;

/**
 * Looks at and steers the pairs of a state file on this machine, whether its daemon runs or not. Opens nothing before it is needed: for
 * reading, or for steering beside a daemon, never in its place.
 */
export function openLocalOperator({ statePath, pairs: configured, address = '' }: LocalHome): Operator {
  let reading: LocalState | undefined;
  let steering: StateFile | undefined;
  const read = (): LocalState => {
    // A configuration may be newer than its state.
    reading ??= configured === undefined ? readLocalState(statePath) : readLocalStateIfAny(statePath);
    return reading;
  };
  const steer = (): StateFile => {
    steering ??= openStateFileForSteering(statePath);
    return steering;
  };
  const recordsOf = (name: string): PairRecords => {
    const pair = configured?.find((one) => one.name === name);
    if (pair === undefined) {
      throw refusal('PAIR_UNKNOWN', `${name} is not configured any more: add it to the configuration again first.`);
    }
    return {
      pair: name,
      rules: pairRules(pair.settings),
      ledger: createSqliteLedger(steer(), name),
      state: createSqlitePairState(steer(), name),
      clock: systemClock,
    };
  };
  const settingsOf = (name: string): PairSettings | 'unknown' | 'no longer configured' =>
    configured === undefined
      ? 'unknown'
      : (configured.find((pair) => pair.name === name)?.settings ?? 'no longer configured');

  return {
    address,
    lookEveryMs: LOOK_EVERY_MS,
    async pairs() {
      const names = (configured ?? []).map(({ name }) => name);
      const others = read().pairs.filter((name) => !names.includes(name));
      return [...names, ...others].map((name) => ({
        name,
        replicaName: replicaNameOf(name),
        isConfigured: configured === undefined || names.includes(name),
      }));
    },
    async status(pairs) {
      const now = systemClock.now();
      return await Promise.all(pairs.map((name) => read().status(name, settingsOf(name), now)));
    },
    unsyncedPage: (pair, filter, after) => read().unsyncedPage(pair, filter, after),
    recentCopies: async (pair, limit) => read().recentCopies(pair, limit),
    answer: async (request) => {
      // A state file that cannot be used is told before whatever else may be wrong.
      steer();
      return await answerOperator(request, recordsOf);
    },
    async underWay(pairs) {
      const daemon = runningDaemon(steer());
      return await Promise.all(
        pairs.map(async (pair) =>
          daemon === undefined
            ? { isPolling: false, copies: 0 }
            : await workUnderWay(recordsOf(pair), daemon.startedAt),
        ),
      );
    },
    hasDaemon: () => read().hasDaemon(),
    async forget(pair) {
      const file = steer();
      if (configured?.some(({ name }) => name === pair) === true) {
        throw refusal('PAIR_CONFIGURED', `${pair} is still configured: remove it from the configuration first.`);
      }
      const daemon = runningDaemon(file);
      if (daemon?.pairs.includes(pair) === true) throw stillPolled(pair, daemon);
      forgetPair(file, pair);
    },
    log: (pair) => openLogReader(logFile(statePath, pair)),
    close() {
      reading?.close();
      steering?.close();
    },
  };
}

const stillPolled = (pair: string, { pid, startedAt }: Daemon): SyncError =>
  refusal(
    'PAIR_POLLED',
    `The daemon (process ${pid}, since ${new Date(startedAt).toISOString()}) still polls ${pair}: let it take over the new configuration with "chef-sync-ctl reconfigure" first.`,
  );
