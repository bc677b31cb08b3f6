import type { Config } from '../config/load-config.ts';
import type { OrganizationPair } from '../config/organization-pair.ts';
import { claimDaemon, notePolledPairs, noteReload, type Reload } from '../local/claim-daemon.ts';
import { fingerprintSecret } from '../local/fingerprint-secret.ts';
import { openStateFile } from '../local/sqlite-state-file.ts';
import { refusal, type SyncError } from '../model/sync-error.ts';
import type { Clock } from '../ports/clock.ts';
import { copyObjects } from '../sync/copy-objects.ts';
import type { Log, PairContext } from '../sync/pair-context.ts';
import type { PollOptions } from '../sync/poll-pair.ts';
import { openChefServers } from './chef-servers.ts';
import { type Crew, createCrew } from './crew.ts';
import { faultText } from './fault-text.ts';
import { createKnownDestinations } from './known-destinations.ts';
import { createLocalCopiers } from './local-copiers.ts';
import { isAsConfigured, type LocalPair, openLocalPair, type RunningPair } from './local-pair.ts';
import { createLocalPolls, type OnceReport } from './local-polls.ts';
import { systemClock } from './system-clock.ts';

export type { Reload } from '../local/claim-daemon.ts';

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
  const destinations = createKnownDestinations();
  const polls = createLocalPolls(clock, destinations);
  /** Pairs that were taken out of the configuration, for the messages of theirs that are still queued. */
  const removedContexts = new Map<string, PairContext>();

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

  const { queueOf } = copiers;
  const { logOf, isUnpaced } = options;
  const open = (pair: OrganizationPair): RunningPair =>
    openLocalPair(pair, { clock, file, secret, servers, queueOf, destinations, logOf, isUnpaced });
  let pairs: readonly RunningPair[] = config.pairs.map(open);
  let pollers: Crew | undefined;

  const beginPolls = (pair: RunningPair): void =>
    pollers?.begin(pair.pair.name, (ending) => polls.follow(pair, ending));

  /** Runs work beside the copiers and ends them with it. */
  const besideCopiers = async <T>(work: () => Promise<T>): Promise<T> => {
    for (const pair of pairs) await polls.takeOver(pair);
    await copiers.resize(copiersByReplica(pairs));
    return await copiers.beside(work);
  };

  const endRemoved = async ({ ctx }: RunningPair): Promise<void> => {
    await pollers?.end(ctx.pair);
    destinations.forget(ctx.pair);
  };
  const beginAgain = async (pair: RunningPair): Promise<void> => {
    await pollers?.end(pair.ctx.pair);
    await polls.takeOver(pair);
    beginPolls(pair);
  };

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
      besideCopiers(() => Promise.all(pairs.map((pair) => polls.once(pair, signal, options)))),
    async reconfigure(next) {
      if (next.statePath !== config.statePath) throw otherStateFile(config.statePath, next.statePath);
      servers.change(next.pairs);
      const before = new Map(pairs.map((pair) => [pair.pair.name, pair]));
      pairs = next.pairs.map((pair) => {
        const known = before.get(pair.name);
        return known !== undefined && isAsConfigured(known, pair, servers) ? known : open(pair);
      });
      const names = new Set(pairs.map(({ pair }) => pair.name));
      const removed = [...before.values()].filter(({ pair }) => !names.has(pair.name));
      const begun = pairs.filter((pair) => before.get(pair.pair.name) !== pair);
      for (const { ctx } of removed) removedContexts.set(ctx.pair, ctx);
      await copiers.resize(copiersByReplica(pairs));
      await Promise.all([...removed.map(endRemoved), ...begun.map(beginAgain)]);
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
