import { createChefOrg } from '../chef/chef-org.ts';
import type { Config } from '../config/load-config.ts';
import type { OrganizationPair } from '../config/organization-pairs.ts';
import { claimDaemon } from '../local/claim-daemon.ts';
import { runCopiers } from '../local/copier-pool.ts';
import { fingerprintSecret } from '../local/fingerprint-secret.ts';
import { createMemoryWorkQueue, type MemoryWorkQueue } from '../local/memory-work-queue.ts';
import { createSqliteLedger } from '../local/sqlite-ledger.ts';
import { createSqlitePairState } from '../local/sqlite-pair-state.ts';
import { openStateFile } from '../local/sqlite-state-file.ts';
import type { ObjectLine } from '../model/job.ts';
import type { PairState } from '../model/pair-state.ts';
import { isDeletePhase } from '../model/phase.ts';
import { SyncError } from '../model/sync-error.ts';
import { pairKey } from '../plan/fingerprint.ts';
import { DELETES_PER_RUN } from '../plan/gate-phases.ts';
import type { Clock } from '../ports/clock.ts';
import { copyObjects } from '../sync/copy-objects.ts';
import { giveBackInterrupted } from '../sync/give-back-interrupted.ts';
import { comparePair } from '../sync/inspect-pair.ts';
import type { Log, PairContext } from '../sync/pair-context.ts';
import { type PairStatus, pairStatus } from '../sync/pair-status.ts';
import { type PollOptions, type PollReport, pollPair } from '../sync/poll-pair.ts';
import { type UnsyncedObject, unsyncedObjects } from '../sync/unsynced-objects.ts';
import { openChefServers } from './chef-servers.ts';
import { pairRules } from './pair-rules.ts';
import { systemClock } from './system-clock.ts';

/** A received message stays hidden for 6 minutes: longer than any copy may take, as on AWS. */
const VISIBILITY_SECONDS = 360;
/** Looks at what became due while copies are out; a look reads at most a few thousand rows of the index. */
const DISPATCH_PAUSE_MS = 50;
/** A poll that found nothing out of the ordinary is over long before; one that died is replaced after this. */
const LEASE_MS = 10 * 60_000;
/** Upserts of one group that a copier takes at a time, as SQS gives them to a Lambda. */
const UPSERTS_AT_ONCE = 10;
/** A poll of `--once` may take as long as a bootstrap takes. */
const ONCE_DEADLINE_MS = 24 * 60 * 60_000;
/** Passes of `--once`: the first, a second names pass for what the first left absent, and one more for what changed meanwhile. */
const ONCE_PASSES = 3;

/** A pair of the running configuration. */
export interface LocalPair {
  readonly pair: OrganizationPair;
  readonly ctx: PairContext;
  status(): Promise<PairStatus>;
  unsynced(): Promise<readonly UnsyncedObject[]>;
  /** Reads and compares both sides completely; changes nothing. */
  compare(): Promise<readonly ObjectLine[]>;
}

/** How a pair came out of `run --once`. */
export interface OnceReport {
  readonly pair: string;
  readonly poll: PollReport;
  /** Set when the poll failed by a fault of ours; the trace is in the pair's log. */
  readonly fault?: string;
  readonly status: PairStatus;
  readonly unsynced: readonly UnsyncedObject[];
}

/** The whole product in one process: every pair polled, its objects copied, ledger and cursors in one SQLite file. */
export interface LocalRuntime {
  readonly pairs: readonly LocalPair[];
  /** Polls every pair at its pace until the signal; resolves when polls and copies under way have ended. */
  run(signal: AbortSignal): Promise<void>;
  /** Complete passes of every pair, then resolves. One pair that fails changes nothing for the others. */
  runOnce(signal: AbortSignal): Promise<readonly OnceReport[]>;
  close(): Promise<void>;
}

export interface LocalRuntimeOptions {
  readonly clock?: Clock;
  /** Log of one pair. */
  readonly logOf: (pair: string) => Log;
  /** Makes the inventories begin anew with each poll instead of at their pace. */
  readonly isUnpaced?: boolean;
}

/**
 * Opens the state file, claims it for this process, reads the keys and makes everything ready; asks no server yet. Throws a `SyncError`
 * or `ConfigError` with a sentence for the operator.
 */
export function openLocalRuntime(config: Config, options: LocalRuntimeOptions): LocalRuntime {
  const clock = options.clock ?? systemClock;
  const file = openStateFile(config.statePath, { now: clock.now() });
  const release = claimDaemon(
    file,
    clock.now(),
    config.pairs.map(({ name }) => name),
  );
  const secret = fingerprintSecret(config.statePath);
  const servers = openChefServers(config.pairs, clock);
  const queues = new Map<string, MemoryWorkQueue>();
  const queueOf = (url: string): MemoryWorkQueue => {
    const queue = queues.get(url) ?? createMemoryWorkQueue({ now: clock.now, visibilitySeconds: VISIBILITY_SECONDS });
    queues.set(url, queue);
    return queue;
  };
  /** Destination guids by pair, as last seen: none of them may be another pair's source. */
  const destinations = new Map<string, string>();

  const noteDestination = (pair: string, state: PairState | undefined): void => {
    const guid = state?.guids.replica;
    if (guid !== undefined && guid !== 'none') destinations.set(pair, guid);
  };

  const pairs = config.pairs.map((pair): LocalPair => {
    const rules = pairRules(pair.settings);
    const ctx: PairContext = {
      pair: pair.name,
      rules: options.isUnpaced === true ? { ...rules, inventoryShare: Number.POSITIVE_INFINITY } : rules,
      fingerprintKey: pairKey(secret, pair.name),
      ledger: createSqliteLedger(file, pair.name),
      state: createSqlitePairState(file, pair.name),
      queue: queueOf(pair.replica.url),
      clock,
      primary: createChefOrg({ server: servers.of(pair.primary), organization: pair.source, side: 'primary' }),
      replica: createChefOrg({ server: servers.of(pair.replica), organization: pair.destination, side: 'replica' }),
      log: options.logOf(pair.name),
      destinationsOfOtherPairs: async () =>
        new Set([...destinations].filter(([name]) => name !== pair.name).map(([, guid]) => guid)),
    };
    const status = (): Promise<PairStatus> =>
      pairStatus({
        pair: pair.name,
        ledger: ctx.ledger,
        state: ctx.state,
        now: clock.now(),
        pollSeconds: rules.pollSeconds,
        filterHash: rules.filterHash,
      });
    return { pair, ctx, status, unsynced: () => unsyncedObjects(ctx.ledger), compare: () => comparePair(ctx) };
  });
  const contexts = new Map(pairs.map(({ ctx }) => [ctx.pair, ctx]));

  const poll = async (
    { ctx }: LocalPair,
    options: Pick<PollOptions, 'deadline' | 'signal' | 'isOnePass'>,
  ): Promise<PollReport> => {
    const report = await pollPair(ctx, { ...options, leaseMs: LEASE_MS, dispatchPauseMs: DISPATCH_PAUSE_MS });
    noteDestination(ctx.pair, await ctx.state.read());
    return report;
  };

  /** Copiers of every replica server, until the signal. */
  const runAllCopiers = async (signal: AbortSignal): Promise<void> => {
    await Promise.all(
      [...queues].map(([url, queue]) =>
        runCopiers({
          queue,
          size: Math.min(
            ...pairs.filter(({ pair }) => pair.replica.url === url).map(({ pair }) => pair.replica.requestsInFlight),
          ),
          signal,
          // Deletes share their evidence, which takes a pause: all of a run together.
          batchSize: (first) => (isDeletePhase(first.phase) ? DELETES_PER_RUN : UPSERTS_AT_ONCE),
          copy: async (messages) => {
            const ctx = contexts.get(messages[0]?.pair ?? '');
            if (ctx !== undefined) await copyObjects(ctx, messages);
          },
          onFault: (error) => {
            for (const { ctx } of pairs) ctx.log('error', `a copier failed: ${faultText(error)}`);
          },
        }),
      ),
    );
  };

  /**
   * A poll that died with its process left its lease behind; this process is the only one, so nobody holds it. What was paused is tried at
   * once: whoever starts again has often just repaired something.
   */
  const takeOver = async (): Promise<void> => {
    for (const { ctx } of pairs) {
      noteDestination(ctx.pair, await ctx.state.read());
      await giveBackInterrupted(ctx);
      await ctx.state.update((state) => {
        if (state === undefined || (state.leaseUntil === undefined && state.paused === undefined)) return undefined;
        const { leaseUntil, paused, ...rest } = state;
        return paused === undefined ? rest : { ...rest, paused: { ...paused, until: clock.now() } };
      });
    }
  };

  const follow = async (pair: LocalPair, signal: AbortSignal): Promise<void> => {
    const intervalMs = pair.ctx.rules.pollSeconds * 1000;
    while (!signal.aborted) {
      const startedAt = clock.now();
      try {
        await poll(pair, { deadline: startedAt + intervalMs, signal });
      } catch (error) {
        pair.ctx.log('error', `the poll failed: ${faultText(error)}`);
      }
      await clock.sleep(Math.max(0, startedAt + intervalMs - clock.now()), signal);
    }
  };

  const once = async (pair: LocalPair, signal: AbortSignal): Promise<OnceReport> => {
    let report: PollReport = { outcome: 'cut' };
    let fault: string | undefined;
    try {
      for (let pass = 0; pass < ONCE_PASSES && !signal.aborted; pass += 1) {
        report = await poll(pair, { deadline: clock.now() + ONCE_DEADLINE_MS, signal, isOnePass: true });
        if (report.outcome !== 'complete' || !(await pair.unsynced()).some(needsAnotherPass)) break;
      }
    } catch (error) {
      pair.ctx.log('error', `the poll failed: ${faultText(error)}`);
      const problem = error instanceof Error ? error.message : String(error);
      report = { outcome: 'problem', problem };
      if (!(error instanceof SyncError)) fault = problem;
    }
    return { pair: pair.pair.name, poll: report, fault, status: await pair.status(), unsynced: await pair.unsynced() };
  };

  /** Runs work beside the copiers and ends them with it. */
  const besideCopiers = async <T>(work: () => Promise<T>): Promise<T> => {
    await takeOver();
    const ending = new AbortController();
    const copiers = runAllCopiers(ending.signal);
    try {
      return await work();
    } finally {
      ending.abort();
      await copiers;
    }
  };

  return {
    pairs,
    run: async (signal) => {
      await besideCopiers(() => Promise.all(pairs.map((pair) => follow(pair, signal))));
    },
    runOnce: (signal) => besideCopiers(() => Promise.all(pairs.map((pair) => once(pair, signal)))),
    async close() {
      await servers.close();
      release();
      file.close();
    },
  };
}

/** The next pass decides about it: absent once, or a definition that waits for the content it may name. What failed has its own time. */
const needsAnotherPass = ({ state, action, attempts }: UnsyncedObject): boolean =>
  state === 'absent' || (state === 'pending' && action === 'upsert' && attempts === 0);

/** An expected failure by its sentence, a fault of ours with its trace, for the log. */
const faultText = (error: unknown): string => {
  if (error instanceof SyncError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};
