import { isDeepStrictEqual } from 'node:util';
import { createChefOrg } from '../chef/chef-org.ts';
import type { ChefServer } from '../chef/chef-server.ts';
import type { Config } from '../config/load-config.ts';
import type { OrganizationPair } from '../config/organization-pair.ts';
import { claimDaemon, notePolledPairs, noteReload, type Reload } from '../local/claim-daemon.ts';
import { fingerprintSecret } from '../local/fingerprint-secret.ts';
import { createSqliteLedger } from '../local/sqlite-ledger.ts';
import { createSqlitePairState } from '../local/sqlite-pair-state.ts';
import { openStateFile } from '../local/sqlite-state-file.ts';
import type { ObjectLine } from '../model/job.ts';
import type { PairState } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import { refusal, SyncError } from '../model/sync-error.ts';
import { pairKey } from '../plan/fingerprint.ts';
import type { Clock } from '../ports/clock.ts';
import { copyObjects } from '../sync/copy-objects.ts';
import { giveBackInterrupted } from '../sync/give-back-interrupted.ts';
import { comparePair } from '../sync/inspect-pair.ts';
import type { Log, PairContext } from '../sync/pair-context.ts';
import { type PairStatus, pairStatus } from '../sync/pair-status.ts';
import { type PollOptions, type PollReport, pollPair } from '../sync/poll-pair.ts';
import { type UnsyncedObject, unsyncedObjects } from '../sync/unsynced-objects.ts';
import { openChefServers } from './chef-servers.ts';
import { type Crew, createCrew } from './crew.ts';
import { createLocalCopiers } from './local-copiers.ts';
import { pairRules } from './pair-rules.ts';
import { systemClock } from './system-clock.ts';

/** Looks at what became due while copies are out; a look reads at most a few thousand rows of the index. */
const DISPATCH_PAUSE_MS = 50;
/** A poll that found nothing out of the ordinary is over long before; one that died is replaced after this. */
const LEASE_MS = 10 * 60_000;
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

export type { Reload } from '../local/claim-daemon.ts';

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
  /** Those of the configuration as it is now. */
  readonly pairs: readonly LocalPair[];
  /** Polls every pair at its pace until the signal; resolves when polls and copies under way have ended. */
  run(signal: AbortSignal): Promise<void>;
  /** Complete passes of every pair, then resolves. One pair that fails changes nothing for the others. With `isCopyOnly` nothing is deleted. */
  runOnce(signal: AbortSignal, options?: Pick<PollOptions, 'isCopyOnly'>): Promise<readonly OnceReport[]>;
  /**
   * Takes over another configuration while `run` goes on: new pairs begin, pairs that are gone or changed end what they are doing and the
   * changed ones go on as they are configured now; all others notice nothing. Keys are read anew. One call at a time. Throws a `SyncError`
   * before anything has changed.
   */
  reconfigure(config: Config): Promise<PairChanges>;
  /** Tells who waits for it what became of a configuration that this process was told to read again. */
  noteReload(reload: Reload): void;
  close(): Promise<void>;
}

/** What another configuration meant for the pairs, by name. */
export interface PairChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Settings, filters, a server's address, user, key or certificates. */
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
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
  /** Pairs that were taken out of the configuration, for the messages of theirs that are still queued. */
  const removedContexts = new Map<string, PairContext>();
  /** Destination guids by pair, as last seen: none of them may be another pair's source. */
  const destinations = new Map<string, string>();

  const copiers = createLocalCopiers({
    clock,
    async copy(messages) {
      const name = messages[0]?.pair ?? '';
      const ctx = pairs.find((pair) => pair.ctx.pair === name)?.ctx;
      if (ctx !== undefined) await copyObjects(ctx, messages);
      // Not copied, and due at once should the pair come back.
      const removed = ctx === undefined ? removedContexts.get(name) : undefined;
      if (removed !== undefined) await copyObjects(removed, messages, { isTimeOver: () => true });
    },
    onFault: (error) => {
      for (const { ctx } of pairs) ctx.log('error', `a copier failed: ${faultText(error)}`);
    },
  });

  const noteDestination = (pair: string, state: PairState | undefined): void => {
    const guid = state?.guids.replica;
    if (guid !== undefined && guid !== 'none') destinations.set(pair, guid);
  };

  const openPair = (pair: OrganizationPair): RunningPair => {
    const rules = pairRules(pair.settings);
    const sides = { primary: servers.of(pair.primary), replica: servers.of(pair.replica) };
    const ctx: PairContext = {
      pair: pair.name,
      rules: options.isUnpaced === true ? { ...rules, inventoryShare: Number.POSITIVE_INFINITY } : rules,
      fingerprintKey: pairKey(secret, pair.name),
      ledger: createSqliteLedger(file, pair.name),
      state: createSqlitePairState(file, pair.name),
      queue: copiers.queueOf(pair.replica.url),
      clock,
      primary: createChefOrg({ server: sides.primary, organization: pair.source, side: 'primary' }),
      replica: createChefOrg({ server: sides.replica, organization: pair.destination, side: 'replica' }),
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
    return { pair, ctx, sides, status, unsynced: () => unsyncedObjects(ctx.ledger), compare: () => comparePair(ctx) };
  };

  let pairs: readonly RunningPair[] = config.pairs.map(openPair);
  const fitCopiers = (): Promise<void> => copiers.resize(copiersByReplica(pairs));

  const poll = async (
    { ctx }: LocalPair,
    options: Pick<PollOptions, 'deadline' | 'signal' | 'isOnePass' | 'isCopyOnly'>,
  ): Promise<PollReport> => {
    const report = await pollPair(ctx, { ...options, leaseMs: LEASE_MS, dispatchPauseMs: DISPATCH_PAUSE_MS });
    noteDestination(ctx.pair, await ctx.state.read());
    return report;
  };

  /**
   * A poll that died with its process left its lease behind; this process is the only one, so nobody holds it. What was paused is tried at
   * once: whoever starts again, or changes a configuration, has often just repaired something.
   */
  const takeOver = async ({ ctx }: LocalPair): Promise<void> => {
    noteDestination(ctx.pair, await ctx.state.read());
    await giveBackInterrupted(ctx);
    await ctx.state.update((state) => {
      if (state === undefined || (state.leaseUntil === undefined && state.paused === undefined)) return undefined;
      const { leaseUntil, paused, ...rest } = state;
      return paused === undefined ? rest : { ...rest, paused: { ...paused, until: clock.now() } };
    });
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

  const once = async (
    pair: LocalPair,
    signal: AbortSignal,
    { isCopyOnly }: Pick<PollOptions, 'isCopyOnly'>,
  ): Promise<OnceReport> => {
    let report: PollReport = { outcome: 'cut' };
    let fault: string | undefined;
    try {
      for (let pass = 0; pass < ONCE_PASSES && !signal.aborted; pass += 1) {
        report = await poll(pair, { deadline: clock.now() + ONCE_DEADLINE_MS, signal, isOnePass: true, isCopyOnly });
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
    for (const pair of pairs) await takeOver(pair);
    await fitCopiers();
    return await copiers.beside(work);
  };

  let pollers: Crew | undefined;
  const beginPolls = (pair: RunningPair): void => pollers?.begin(pair.pair.name, (ending) => follow(pair, ending));

  return {
    get pairs() {
      return pairs;
    },
    run: (signal) =>
      besideCopiers(async () => {
        pollers = createCrew(signal);
        pairs.forEach(beginPolls);
        await pollers.done();
      }),
    runOnce: (signal, options = {}) =>
      besideCopiers(() => Promise.all(pairs.map((pair) => once(pair, signal, options)))),
    async reconfigure(next) {
      if (next.statePath !== config.statePath) throw otherStateFile(config.statePath, next.statePath);
      servers.change(next.pairs);
      const before = new Map(pairs.map((pair) => [pair.pair.name, pair]));
      pairs = next.pairs.map((pair) => {
        const known = before.get(pair.name);
        const isSame =
          known !== undefined &&
          isDeepStrictEqual(known.pair, pair) &&
          known.sides.primary === servers.of(pair.primary) &&
          known.sides.replica === servers.of(pair.replica);
        return isSame ? known : openPair(pair);
      });
      const names = new Set(pairs.map(({ pair }) => pair.name));
      const removed = [...before.values()].filter(({ pair }) => !names.has(pair.name));
      for (const { ctx } of removed) removedContexts.set(ctx.pair, ctx);
      const begun = pairs.filter((pair) => before.get(pair.pair.name) !== pair);
      await fitCopiers();
      await Promise.all([
        ...removed.map(async ({ ctx }) => {
          await pollers?.end(ctx.pair);
          destinations.delete(ctx.pair);
        }),
        ...begun.map(async (pair) => {
          await pollers?.end(pair.ctx.pair);
          await takeOver(pair);
          beginPolls(pair);
        }),
      ]);
      notePolledPairs(file, [...names]);
      await copiers.settled();
      await servers.closeUnused();
      const namesOf = (some: readonly RunningPair[]): readonly string[] => some.map(({ pair }) => pair.name);
      return {
        added: namesOf(begun.filter(({ pair }) => !before.has(pair.name))),
        removed: namesOf(removed),
        changed: namesOf(begun.filter(({ pair }) => before.has(pair.name))),
        unchanged: namesOf(pairs.filter((pair) => !begun.includes(pair))),
      };
    },
    noteReload: (reload) => noteReload(file, reload),
    async close() {
      await servers.close();
      release();
      file.close();
    },
  };
}

/** A pair with the clients of its servers, which tell whether a configuration changes them. */
interface RunningPair extends LocalPair {
  readonly sides: Readonly<Record<Side, ChefServer>>;
}

/** As many copiers as the replica server may have requests in flight, the smaller number where settings differ. */
function copiersByReplica(pairs: readonly RunningPair[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { replica } of pairs.map(({ pair }) => pair)) {
    sizes.set(replica.url, Math.min(replica.requestsInFlight, sizes.get(replica.url) ?? replica.requestsInFlight));
  }
  return sizes;
}

const otherStateFile = (now: string, next: string): SyncError =>
  refusal(
    'STATE_FILE_CHANGED',
    `The daemon keeps its state in ${now}, and the configuration now names ${next} (local.state): start it anew to change that.`,
  );

/** The next pass decides about it: absent once, or a definition that waits for the content it may name. What failed has its own time. */
const needsAnotherPass = ({ state, action, attempts }: UnsyncedObject): boolean =>
  state === 'absent' || (state === 'pending' && action === 'upsert' && attempts === 0);

/** An expected failure by its sentence, a fault of ours with its trace, for the log. */
const faultText = (error: unknown): string => {
  if (error instanceof SyncError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};
