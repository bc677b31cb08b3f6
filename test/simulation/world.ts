import { createSecretKey } from 'node:crypto';
import {
  isLive,
  isUnsettled,
  type LedgerEntry,
  UNSYNCED_BUCKETS,
  unsyncedBucket,
} from '../../lib/model/ledger-entry.ts';
import { type ObjectPath, trustedRef } from '../../lib/model/object-path.ts';
import type { PairState } from '../../lib/model/pair-state.ts';
import type { Action } from '../../lib/model/phase.ts';
import type { Side } from '../../lib/model/side.ts';
import { fingerprint } from '../../lib/plan/fingerprint.ts';
import { filterHash, objectFilter, wantedBags, wantedLists } from '../../lib/plan/object-filter.ts';
import type { Ledger } from '../../lib/ports/ledger.ts';
import type { PairStateStore } from '../../lib/ports/pair-state.ts';
import { copyObjects } from '../../lib/sync/copy-objects.ts';
import type { PairContext, PairRules } from '../../lib/sync/pair-context.ts';
import { pollPair } from '../../lib/sync/poll-pair.ts';
import { takeHint } from '../../lib/sync/take-hint.ts';
import { createMemoryLedger } from '../support/memory-ledger.ts';
import { createMemoryPairState } from '../support/memory-pair-state.ts';
import type { Chance } from './chance.ts';
import { type Copiers, createCopiers } from './copiers.ts';
import { createInvariants, type Invariants } from './invariants.ts';
import { createMemoryChefOrg } from './memory-chef-org.ts';
import { createMemoryFeed, type MemoryFeed } from './memory-feed.ts';
import { createMemoryOrg, filesOf, type MemoryOrg } from './memory-org.ts';
import { createPrimaryWriter, type PrimaryWriter } from './primary-writer.ts';
import { isOrderly, type Profile } from './profile.ts';
import { type Actor, createScheduler, type Scheduler } from './scheduler.ts';
import { createServerFaults, type ServerFaults } from './server-faults.ts';
import { createSimulatedQueue, type SimulatedQueue } from './simulated-queue.ts';
import type { Chapter, Tell } from './story.ts';

/** A Tuesday; any moment would do. */
export const START_AT = Date.UTC(2026, 0, 6, 8);

const SECOND_MS = 1000;
export const POLL_SECONDS = 60;
const VISIBILITY_SECONDS = 360;
/** A copier's function is killed after this: before its messages become visible again. */
const COPIER_LIFE_MS = 5 * 60 * SECOND_MS;
/** So long that its messages come to somebody else meanwhile. */
const LONGEST_COPIER_LIFE_MS = 15 * 60 * SECOND_MS;
const POLL_LIFE_MS = 5 * 60 * SECOND_MS;
/** Short, so that leases lapse while their poll still runs. */
const LEASE_MS = 3 * 60 * SECOND_MS;

/** A pair with both its servers, its queue and its processes, in memory and in virtual time. */
export interface World {
  readonly pair: string;
  readonly primary: MemoryOrg;
  readonly replica: MemoryOrg;
  readonly feed: MemoryFeed;
  readonly writer: PrimaryWriter;
  readonly scheduler: Scheduler;
  readonly faults: ServerFaults;
  readonly queue: SimulatedQueue;
  readonly copiers: Copiers;
  readonly invariants: Invariants;
  /** The stores themselves: reading them takes no time and never fails. */
  readonly ledger: Ledger;
  readonly state: PairStateStore;
  readonly entry: (path: ObjectPath) => LedgerEntry | undefined;
  readonly entries: () => readonly LedgerEntry[];
  readonly pairState: () => PairState | undefined;
  readonly rules: () => PairRules;
  readonly changeFilter: (excluded: readonly string[]) => void;
  readonly setFeedGone: () => void;
  readonly setStoreFailures: (share: number) => void;
  /** From now on every message about a write arrives at once. */
  readonly endHintFaults: () => void;
  /** From now on every poll has the time it needs. */
  readonly endCuts: () => void;
  /** How often an entry of the ledger changed. */
  readonly changeCount: () => number;
  /** The ports as a process of an operator sees them. */
  readonly contextFor: (actor: Actor) => PairContext;
  /** What became of a process: an error that is no failure of a store breaks a promise. */
  readonly noteEnd: (name: string, how: 'done' | 'crashed' | Error) => void;
  /** Starts a poll now; `ended` is told when it is over, whatever became of it. */
  readonly poll: (ended?: () => void) => void;
  /** Somebody else than the copiers changes the replica. */
  readonly disturb: (path: ObjectPath, text: string | undefined) => void;
  readonly searchLagMs: number;
  readonly restart: () => void;
  readonly chapters: readonly Chapter[];
  readonly tell: Tell | undefined;
}

export interface WorldOptions {
  /** The pair's name; a world beside another one needs one of its own. */
  readonly pair?: string;
  /** Another pair, whose time, queue and copiers this one shares. Faults of those are that one's. */
  readonly beside?: World;
  readonly isTold: boolean;
  /** Called when a copier has written or deleted something on the replica, before it learns of it. */
  readonly afterWrite?: (path: ObjectPath) => void;
  /** Called when an entry of the ledger has changed. */
  readonly afterDecision?: (entry: LedgerEntry) => void;
  /** Puts a fault into the ports of every process, for tests of the simulation itself. */
  readonly plant?: (ports: PairContext) => PairContext;
}

export function createWorld(profile: Profile, chance: Chance, options: WorldOptions): World {
  const { pair = 'eu/acme', beside } = options;
  const scheduler = beside?.scheduler ?? createScheduler(chance.fork(1), START_AT);
  const { now } = scheduler;
  const chapters: Chapter[] = [];
  const tell: Tell | undefined = options.isTold
    ? (actor, event, path) => chapters.push({ at: now(), actor, event, path })
    : undefined;
  const primary = createMemoryOrg('guid-of-primary', now);
  const replica = createMemoryOrg('guid-of-replica', now);
  const feed = createMemoryFeed(profile.feedPathPrefix, now);
  const hintChance = chance.fork(6);
  const writer = createPrimaryWriter(primary, feed, scheduler, chance.fork(2), tellOfWrite, tell);
  const faults = createServerFaults(profile.servers, chance.fork(3), now);
  const copiers =
    beside?.copiers ?? createCopiers(scheduler, createSimulatedQueue(scheduler, chance.fork(4), VISIBILITY_SECONDS));
  const { queue } = copiers;
  if (beside === undefined) {
    queue.setFaults(profile.queue);
    scheduler.setFaults(profile.process);
  }
  const portChance = chance.fork(5);

  const ledger = createMemoryLedger();
  const state = createMemoryPairState();
  const entries = new Map<ObjectPath, LedgerEntry>();
  let pairState: PairState | undefined;
  let hasFeed = profile.hasFeed;
  let storeFailureShare = profile.storeFailureShare;
  let queueBeganAt = profile.restarts === undefined ? 0 : START_AT;
  let rules = rulesOf(profile, profile.excluded);
  const edited = new Set<ObjectPath>();
  const misled = new Set<ObjectPath>();
  const approved = new Set<ObjectPath>();
  let hintFaults = profile.hints;
  let hintCount = 0;
  let pollCount = 0;
  let changeCount = 0;
  let pollSeconds: readonly number[] = [55, 55, 55, 20, 3];

  const invariants = createInvariants({
    primary,
    replica,
    now,
    entry: (path) => entries.get(path),
    state: () => pairState,
    isWanted: (ref) => rules.isWanted(ref),
    wasEdited: (path) => edited.has(path),
    wasMisled: (path) => misled.has(path),
    hasValidReferences: isOrderly(profile),
    liveEntries: (kind) =>
      [...entries.values()].filter(
        (entry) => (isLive(entry) || isUnsettled(entry)) && trustedRef(entry.path).kind === kind,
      ).length,
    wasApproved: (path) => approved.has(path),
    isAsSeen: (path) => entries.get(path)?.seen === fingerprint(FINGERPRINT_KEY, primary.get(path)?.form ?? ''),
    hasReplicaFailedSince: (time) => faults.lastTroubleAt('replica') >= time,
  });

  /** A call of ledger, state or queue: it takes effect when it is made or just before it returns, and may fail, having happened or not. */
  async function call<T>(actor: Actor, work: () => Promise<T>): Promise<T> {
    if (actor.isGone) return await NEVER;
    const latencyMs = portChance.between(1, 20);
    const isFailing = portChance.happens(storeFailureShare);
    if (portChance.happens(0.5)) {
      const done = work();
      await scheduler.wait(actor, latencyMs);
      if (isFailing) throw new StoreFailure();
      return await done;
    }
    await scheduler.wait(actor, latencyMs);
    if (isFailing) throw new StoreFailure();
    return await work();
  }

  const watchedLedger = (actor: Actor): Ledger => ({
    read: (path) => call(actor, () => ledger.read(path)),
    update: (path, decide) =>
      call(actor, async () => {
        const result = await ledger.update(path, decide);
        if (result.isChanged && result.entry !== undefined) {
          const before = entries.get(path);
          invariants.decided(before, result.entry);
          entries.set(path, result.entry);
          if (before?.state === 'held' && actor.name === APPROVER) approved.add(path);
          changeCount += 1;
          options.afterDecision?.(result.entry);
          tell?.(actor.name, changeText(before, result.entry), path);
        }
        return result;
      }),
    unsynced: (bucket, page) => call(actor, () => ledger.unsynced(bucket, page)),
    hasUnsynced: () => call(actor, () => ledger.hasUnsynced()),
    countUnsynced: (bucket) => call(actor, () => ledger.countUnsynced(bucket)),
    entriesOf: (list) => call(actor, () => ledger.entriesOf(list)),
    versionsOf: (cookbook) => call(actor, () => ledger.versionsOf(cookbook)),
    readList: (side, list) => call(actor, () => ledger.readList(side, list)),
    updateList: (side, list, decide) => call(actor, () => ledger.updateList(side, list, decide)),
    lists: (side) => call(actor, () => ledger.lists(side)),
    removeList: (side, list) => call(actor, () => ledger.removeList(side, list)),
    hints: () => call(actor, () => ledger.hints()),
    writeHint: (hint) => call(actor, () => ledger.writeHint(hint)),
    removeHint: (hint) => call(actor, () => ledger.removeHint(hint)),
    plans: () => call(actor, () => ledger.plans()),
    writePlan: (plan) => call(actor, () => ledger.writePlan(plan)),
    removePlan: (id) => call(actor, () => ledger.removePlan(id)),
  });

  const watchedState = (actor: Actor): PairStateStore => ({
    read: () => call(actor, () => state.read()),
    update: (decide) =>
      call(actor, async () => {
        const result = await state.update(decide);
        pairState = result.entry;
        const { paused, lastPoll, inventory } = pairState ?? {};
        if (result.isChanged) invariants.told([paused, lastPoll, inventory?.primary.unread, inventory?.replica.unread]);
        return result;
      }),
  });

  const touch = (path: ObjectPath): void => void edited.add(path);

  const orgFor = (actor: Actor, side: Side) =>
    createMemoryChefOrg({
      side,
      actor,
      org: side === 'primary' ? primary : replica,
      scheduler,
      chance: portChance,
      faults,
      search: profile.search,
      feed: () => (hasFeed && side === 'primary' ? feed : undefined),
      // What is written into an organization that the pair has not met yet is not known as ours, and is left alone like any other object of it.
      writer: () => (side === 'replica' && pairState?.guids.replica !== replica.guid() ? 'people' : 'copier'),
      watch: {
        written(sender, where, path, text) {
          tell?.(sender.name, `${sender.isGone ? 'arrives late: ' : ''}written on the ${where}`, path);
          invariants.written(sender, where, path, text);
        },
        removed(sender, where, path) {
          tell?.(sender.name, `${sender.isGone ? 'arrives late: ' : ''}deleted on the ${where}`, path);
          invariants.removed(sender, where, path);
        },
        refused(sender, where, path) {
          tell?.(
            sender.name,
            `${sender.isGone ? 'arrives late: ' : ''}refused on the ${where}, half of it stays`,
            path,
          );
        },
        misled: (path) => void misled.add(path),
        changed: (path) => options.afterWrite?.(path),
      },
    });

  const portsFor = (actor: Actor): PairContext => ({
    pair,
    rules,
    fingerprintKey: FINGERPRINT_KEY,
    ledger: watchedLedger(actor),
    state: watchedState(actor),
    queue: {
      send: (messages) => {
        invariants.told(messages);
        return call(actor, async () => ({ failed: queue.send(messages) }));
      },
      beganAt: queueBeganAt,
      visibilitySeconds: VISIBILITY_SECONDS,
    },
    clock: { now, sleep: (milliseconds) => scheduler.wait(actor, milliseconds), random: () => portChance.random() },
    primary: orgFor(actor, 'primary'),
    replica: orgFor(actor, 'replica'),
    log(_level, message, fields) {
      invariants.told({ message, fields }, pathIn(fields));
      tell?.(actor.name, `says: ${message}`, pathIn(fields));
    },
  });

  const contextFor = (actor: Actor): PairContext => (options.plant ?? ((ports) => ports))(portsFor(actor));

  copiers.serve(pair, {
    lifeMs: profile.copiersOutliveTheirMessages ? LONGEST_COPIER_LIFE_MS : COPIER_LIFE_MS,
    begun(name, batch) {
      for (const { path, version } of batch.messages) tell?.(name, `gets version ${version.epoch}.${version.n}`, path);
    },
    copy: (actor, batch) => copyObjects(contextFor(actor), batch.messages),
    ended: (name, how) => noteEnd(name, how),
  });

  /** A process of its own takes each message of the primary about a write. Nothing tells of what was there before the pair. */
  function tellOfWrite(path: ObjectPath, action: Action): void {
    if (hintFaults === undefined || pollCount === 0 || hintChance.happens(hintFaults.lostShare)) return;
    const opposite = action === 'upsert' ? 'delete' : 'upsert';
    const told = hintChance.happens(hintFaults.wrongShare) ? opposite : action;
    const times = hintChance.happens(hintFaults.doubledShare) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      hintCount += 1;
      const name = `event ${hintCount}`;
      const delayMs = hintChance.happens(hintFaults.lateShare) ? hintChance.between(0, LATEST_HINT_MS) : 0;
      scheduler.at(now() + delayMs, () =>
        scheduler.spawn(
          name,
          POLL_LIFE_MS,
          (actor) => takeHint(contextFor(actor), { ref: trustedRef(path), action: told, id: name }),
          (how) => noteEnd(name, how),
        ),
      );
    }
  }

  const noteEnd = (name: string, how: 'done' | 'crashed' | Error): void => {
    if (how !== 'done') tell?.(name, how === 'crashed' ? 'crashes' : `ends with ${how.message}`);
    if (how instanceof Error && !(how instanceof StoreFailure)) {
      invariants.report('NoFault', `${name}: ${how.stack ?? how.message}`);
    }
  };

  const poll = (ended?: () => void): void => {
    pollCount += 1;
    const name = `poll ${pollCount}`;
    scheduler.spawn(
      name,
      POLL_LIFE_MS,
      async (actor) => {
        const report = await pollPair(contextFor(actor), {
          deadline: now() + portChance.pick(pollSeconds) * SECOND_MS,
          leaseMs: LEASE_MS,
          dispatchPauseMs: 4 * SECOND_MS,
        });
        if (report.outcome !== 'complete') tell?.(name, `ends: ${report.problem ?? report.outcome}`);
      },
      (how) => {
        noteEnd(name, how);
        ended?.();
      },
    );
  };

  return {
    pair,
    primary,
    replica,
    feed,
    writer,
    scheduler,
    faults,
    queue,
    copiers,
    invariants,
    ledger,
    state,
    entry: (path) => entries.get(path),
    entries: () => [...entries.values()],
    pairState: () => pairState,
    rules: () => rules,
    changeFilter(excluded) {
      // Another configuration means other processes.
      scheduler.crashAll();
      rules = rulesOf(profile, excluded);
      tell?.(
        'operator',
        `changes the filter: ${excluded.length === 0 ? 'everything is inside' : `without ${excluded.join(', ')}`}`,
      );
    },
    setFeedGone: () => {
      hasFeed = false;
      tell?.('people', 'take the feed away');
    },
    setStoreFailures: (share) => {
      storeFailureShare = share;
    },
    endHintFaults: () => {
      hintFaults = hintFaults && { lostShare: 0, lateShare: 0, doubledShare: 0, wrongShare: 0 };
    },
    endCuts: () => {
      pollSeconds = [55];
    },
    changeCount: () => changeCount,
    contextFor,
    noteEnd,
    poll,
    disturb(path, text) {
      touch(path);
      if (text === undefined) replica.remove(path).forEach(touch);
      else putWhole(replica, path, text);
      tell?.('stranger', text === undefined ? 'deletes on the replica' : 'writes on the replica', path);
    },
    searchLagMs: profile.search.lagMs,
    restart() {
      tell?.('operator', 'restarts the daemon');
      scheduler.crashAll();
      queue.clear();
      queueBeganAt = now();
    },
    chapters,
    tell,
  };
}

/** People bring a cookbook with its files. */
function putWhole(org: MemoryOrg, path: ObjectPath, text: string): void {
  for (const file of filesOf(text)) {
    org.files.add(file);
    org.storedFiles.set(file, true);
  }
  org.put(path, text, 'people');
}

/** What a process that is gone waits for. */
const NEVER = new Promise<never>(() => {});

/** The process of an operator who lets deletes go. */
export const APPROVER = 'approver';

/** A message about a write can come this much later. */
const LATEST_HINT_MS = 5 * 60 * SECOND_MS;

const FINGERPRINT_KEY = createSecretKey(Buffer.alloc(32, 7));

/** DynamoDB, SQS or SQLite answered an error: the process ends with it. */
class StoreFailure extends Error {
  constructor() {
    super('a failure of the store');
    this.name = 'StoreFailure';
  }
}

function rulesOf(profile: Profile, excluded: readonly string[]): PairRules {
  const settings = { objects: 'all', include: [], exclude: excluded } as const;
  return {
    source: 'auto',
    startsWithCopy: profile.startsWithCopy,
    drift: profile.drift,
    inventoryShare: 0.05,
    pollSeconds: POLL_SECONDS,
    filterHash: filterHash(settings),
    isWanted: objectFilter(settings),
    isBagWanted: wantedBags(settings),
    lists: wantedLists(settings),
  };
}

function pathIn(fields: Readonly<Record<string, string | number | boolean>> | undefined): ObjectPath | undefined {
  const path = fields?.['path'];
  return typeof path === 'string' ? trustedRef(path).path : undefined;
}

/** What a ledger entry became, for the story. */
function changeText(before: LedgerEntry | undefined, after: LedgerEntry): string {
  const { version, state, action, attempts, absent, sends } = after;
  const words = [
    `entry ${version.epoch}.${version.n} ${action} ${state}`,
    attempts === (before?.attempts ?? 0) ? '' : `attempts ${attempts}`,
    sends === (before?.sends ?? 0) ? '' : `sends ${sends}`,
    absent === before?.absent ? '' : `absent ${absent}`,
    after.owned === before?.owned ? '' : `owned ${after.owned}`,
    after.lastError === undefined || after.lastError === before?.lastError ? '' : `(${after.lastError.code})`,
    after.driftedIn === before?.driftedIn ? '' : `drifted in ${after.driftedIn}`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

/** Entries that the index of the unsynced would show. */
export const unsyncedEntries = (entries: readonly LedgerEntry[]): readonly LedgerEntry[] =>
  entries.filter((entry) => {
    const bucket = unsyncedBucket(entry);
    return bucket !== undefined && UNSYNCED_BUCKETS.includes(bucket);
  });
