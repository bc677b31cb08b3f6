import { isUnsettled, type LedgerEntry } from '../../lib/model/ledger-entry.ts';
import { type ObjectPath, trustedRef } from '../../lib/model/object-path.ts';
import type { Side } from '../../lib/model/side.ts';
import { FULL_READING_EVERY_MS } from '../../lib/plan/pace-inventory.ts';
import { approveDeletes, resyncPair, retryObjects, startPair, stopPair } from '../../lib/sync/control-pair.ts';
import type { PairContext } from '../../lib/sync/pair-context.ts';
import { pairStatus } from '../../lib/sync/pair-status.ts';
import { type Chance, createChance } from './chance.ts';
import type { Violation } from './invariants.ts';
import { objectText } from './object-texts.ts';
import { UNIVERSE } from './primary-writer.ts';
import { drawProfile, type Profile } from './profile.ts';
import { storyText } from './story.ts';
import {
  APPROVER,
  createWorld,
  POLL_SECONDS,
  START_AT,
  unsyncedEntries,
  type World,
  type WorldOptions,
} from './world.ts';

const POLL_MS = POLL_SECONDS * 1000;
const DAY_MS = 24 * 60 * 60_000;
/** Long enough for everything that fails to be parked and tried again twice. */
const LONGEST_SETTLING_MS = 5 * DAY_MS;
/** Parked and held entries that are still so after this are what the operator is told of. */
const LAST_RETRY_MS = 2.2 * DAY_MS;
/** Held deletes that are still so after this wait for a person. */
const LAST_LOOK_MS = 2 * 60 * 60_000;
/** Polls of a world at rest that change nothing before they become rarer, up to this pause. */
const IDLE_POLLS_AT_FULL_PACE = 1;
const LONGEST_PAUSE_MS = 12 * 60 * 60_000;
/** A world takes a few thousand steps; one that takes this many goes round in circles. */
const MOST_STEPS = 150_000;

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly crashes: number;
  readonly faults: number;
  readonly steps: number;
  /** Objects at the end, on the primary. */
  readonly objects: number;
  /** What the operator would still be shown at the end. */
  readonly reported: number;
  /** The story of the first violation; only when it was asked for. */
  readonly story?: string;
}

/** What kind of world a seed makes. */
export const profileOfSeed = (seed: number): Profile => drawProfile(createChance(seed).fork(10), START_AT);

export interface SeedOptions {
  readonly isTold?: boolean;
  /** Another kind of world than the seed's own; the seed then decides what happens in it. */
  readonly profile?: Profile;
  /** As in the world's options. */
  readonly plant?: WorldOptions['plant'];
}

/** Runs the world of a seed until it is quiet, or until a promise is broken. The same seed always ends the same way. */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const chance = createChance(seed);
  const profile = options.profile ?? profileOfSeed(seed);
  const world = createWorld(profile, chance, { isTold: options.isTold === true, plant: options.plant });
  prepare(world, profile, chance.fork(11));
  await world.scheduler.run(() => isOver(world, profile));
  await checkEnd(world);
  const { crashes, steps } = world.scheduler.counts();
  const violation = world.invariants.violations[0];
  return {
    seed,
    violations: world.invariants.violations,
    crashes,
    faults: world.faults.count(),
    steps,
    objects: world.primary.paths().length,
    reported: unsyncedEntries(world.entries()).length,
    story: options.isTold === true ? storyText(world.chapters, START_AT, pathsOf(violation)) : undefined,
  };
}

const pathsOf = (violation: Violation | undefined): readonly ObjectPath[] =>
  [violation?.path, violation?.other].filter((path) => path !== undefined);

/** Everything that will happen by itself: writes, strangers on the replica, operators, polls, and the end of all faults. */
function prepare(world: World, profile: Profile, chance: Chance): void {
  const { scheduler, writer } = world;
  const restUntil = START_AT + profile.restlessMs;
  writer.fill();
  fillReplica(world, profile, chance);

  for (let at = START_AT; at < restUntil; at += chance.between(0, 2 * profile.writeEveryMs)) {
    scheduler.at(at, () => writer.writeSomething(profile.lateCommitShare));
  }
  for (let edit = 0; edit < profile.handEdits; edit += 1) {
    scheduler.at(START_AT + chance.random() * profile.restlessMs, () => meddle(world, chance));
  }
  if (profile.wipedAt !== undefined) {
    scheduler.at(profile.wipedAt, () => {
      for (const path of world.replica.paths()) world.disturb(path, undefined);
    });
  }
  if (profile.replicaRestoredAt !== undefined)
    scheduler.at(profile.replicaRestoredAt, () => restoreReplica(world, chance));
  if (profile.replacedAt !== undefined) scheduler.at(profile.replacedAt, () => replaceReplica(world, chance));
  if (profile.primaryRestoredAt !== undefined)
    scheduler.at(profile.primaryRestoredAt, () => restorePrimary(world, chance));
  if (profile.primaryReplacedAt !== undefined)
    scheduler.at(profile.primaryReplacedAt, () => replacePrimary(world, chance));
  if (profile.operatorEveryMs !== undefined) {
    for (let at = START_AT; at < restUntil; at += chance.between(0, 2 * profile.operatorEveryMs)) {
      scheduler.at(at, () => operate(world, chance));
    }
  }
  if (profile.feedResetAt !== undefined) scheduler.at(profile.feedResetAt, () => world.feed.reset());
  if (profile.feedGoneAt !== undefined) scheduler.at(profile.feedGoneAt, () => world.setFeedGone());
  for (const at of profile.restarts ?? []) scheduler.at(at, () => world.restart());
  if (profile.filterChangesAt !== undefined) {
    const excluded = profile.excluded.length === 0 ? ['roles/r2', 'data_bags/b2'] : [];
    scheduler.at(profile.filterChangesAt, () => world.changeFilter(excluded));
  }
  const { stoppedUntil } = profile;
  if (stoppedUntil !== undefined) {
    scheduler.at(START_AT + chance.random() * profile.restlessMs, () => asOperator(world, 'stops the pair', stopPair));
    scheduler.at(stoppedUntil, () => asOperator(world, 'starts the pair', startPair));
  }
  scheduler.at(restUntil, () => {
    world.tell?.('world', 'comes to rest: no more writes, no more faults');
    world.faults.stop();
    scheduler.setFaults({ crashShare: 0, stallShare: 0 });
    world.queue.setFaults({ lostShare: 0, failedShare: 0, acknowledgementLostShare: 0 });
    world.setStoreFailures(0);
    world.endHintFaults();
    world.endCuts();
  });
  let idlePolls = 0;
  let lastChange = 0;
  const fire = (): void => {
    idlePolls = world.changeCount() === lastChange ? idlePolls + 1 : 0;
    lastChange = world.changeCount();
    const isRestless = scheduler.now() < restUntil;
    // A process of an operator can hang for minutes before it stops the pair.
    const isLeftStopped = scheduler.now() < (stoppedUntil ?? 0);
    if (!isRestless && !isLeftStopped && world.pairState()?.isStopped === true)
      asOperator(world, 'starts the pair', startPair);
    world.poll();
    if (isRestless && chance.happens(profile.doubleFiringShare)) world.poll();
    if (profile.approvesDeletes && chance.happens(0.1)) approve(world);
    if (chance.happens(0.2)) scheduler.at(scheduler.now() + chance.random() * POLL_MS, () => visit(world));
    scheduler.at(isRestless ? scheduler.now() + POLL_MS : nextPollAt(world, idlePolls), fire);
  };
  scheduler.at(START_AT, fire);
}

/** The usual case: a replica that was filled by hand before, with equal objects, other ones, and its own. */
function fillReplica(world: World, profile: Profile, chance: Chance): void {
  if (profile.handFilledShare === 0) return;
  for (const path of world.primary.paths()) {
    if (!chance.happens(profile.handFilledShare)) continue;
    const { container, kind } = trustedRef(path);
    if (kind === 'data_bag_item' && world.replica.get(`/data/${container}`) === undefined) continue;
    const isEqual = chance.happens(0.7);
    world.disturb(path, isEqual ? (world.primary.get(path)?.text ?? '') : objectText(path, 9));
  }
  for (const path of ['/roles/hand-made', '/data/hand', '/data/hand/item'] as const)
    world.disturb(path, objectText(path, 9));
  if (world.replica.get('/data/b1') !== undefined && chance.happens(0.3))
    world.disturb('/data/b1/hand', objectText('/data/b1/hand', 9));
}

/** Somebody edits, deletes or makes an object on the replica. */
function meddle(world: World, chance: Chance): void {
  const path = chance.pick(world.replica.paths().length > 0 ? world.replica.paths() : UNIVERSE);
  const { kind, container } = trustedRef(path);
  if (kind === 'data_bag_item' && world.replica.get(`/data/${container}`) === undefined) return;
  world.disturb(path, chance.happens(0.3) ? undefined : objectText(path, 8));
}

/** Another organization of the same name: an empty one, or one restored from a copy. Nothing in it is ours. */
function replaceReplica(world: World, chance: Chance): void {
  world.tell?.('stranger', 'replaces the replica by another organization');
  world.replica.setGuid('guid-of-another-replica');
  const isEmpty = chance.happens(0.5);
  for (const path of world.replica.paths()) world.disturb(path, isEmpty ? undefined : world.replica.get(path)?.text);
}

/** A time in the life of the world so far. */
const earlier = (world: World, chance: Chance): number => chance.between(START_AT, world.scheduler.now());

/** The replica's server is restored: the same organization, as it was. */
function restoreReplica(world: World, chance: Chance): void {
  const held = world.replica.heldAt(earlier(world, chance));
  world.tell?.('stranger', 'restores the replica to an earlier state');
  for (const [path, text] of held) if (world.replica.get(path)?.text !== text) world.disturb(path, text);
  for (const path of world.replica.paths()) if (!held.has(path)) world.disturb(path, undefined);
}

/** The primary's server is restored: the same organization as it was, and its feed goes on with ids it gave before. */
function restorePrimary(world: World, chance: Chance): void {
  const time = earlier(world, chance);
  world.tell?.('people', 'restore the primary to an earlier state');
  world.feed.restore(time);
  world.writer.restore(world.primary.heldAt(time));
}

/** Another organization of the primary's name: an empty one, or an earlier copy. What it lacks was never deleted. */
function replacePrimary(world: World, chance: Chance): void {
  world.tell?.('people', 'replace the primary by another organization');
  world.primary.setGuid('guid-of-another-primary');
  world.feed.reset();
  world.writer.restore(chance.happens(0.3) ? new Map() : world.primary.heldAt(earlier(world, chance)));
}

/** An operator does something with the pair, at a moment that suits nobody. */
function operate(world: World, chance: Chance): void {
  switch (chance.pick(['stop', 'start', 'resync', 'retry all', 'retry one'] as const)) {
    case 'stop': {
      asOperator(world, 'stops the pair', stopPair);
      return;
    }
    case 'start':
      asOperator(world, 'starts the pair', startPair);
      return;
    case 'resync':
      asOperator(world, 'asks for everything to be compared again', resyncPair);
      return;
    case 'retry all':
      asOperator(world, 'retries everything', (context) => retryObjects(context));
      return;
    case 'retry one': {
      const path = chance.pick(UNIVERSE);
      asOperator(world, `retries ${path}`, (context) => retryObjects(context, new Set([path])));
    }
  }
}

function asOperator(world: World, event: string, work: (context: PairContext) => Promise<unknown>): void {
  world.tell?.('operator', event);
  world.scheduler.spawn(
    'operator',
    DAY_MS,
    (actor) => work(world.contextFor(actor)),
    (how) => world.noteEnd('operator', how),
  );
}

function visit(world: World): void {
  world.scheduler.spawn(
    'visitor',
    DAY_MS,
    () => lookAtStatus(world),
    (how) => world.noteEnd('visitor', how),
  );
}

/** Somebody asks for the status: "in sync" speaks of both sides as they were when they were last read completely. */
async function lookAtStatus(world: World): Promise<void> {
  const { invariants, ledger, state, pairState } = world;
  const now = world.scheduler.now();
  const differences = invariants.unreportedDifferences();
  const { filterHash } = world.rules();
  const status = await pairStatus({ pair: 'eu/acme', ledger, state, now, pollSeconds: POLL_SECONDS, filterHash });
  if (status.condition !== 'in sync') return;
  for (const { path, text } of differences) {
    const inventory = pairState()?.inventory;
    const isReadDaily = world.entry(path)?.isFrozen === true;
    const readAt = (side: Side): number =>
      (isReadDaily ? inventory?.[side].fullAt : inventory?.[side].contents?.completeAt) ?? 0;
    const isNews = (side: Side): boolean =>
      Math.max(world[side].lastChangedAt(path) + world.searchLagMs, world.faults.lastLieAt(side)) >= readAt(side);
    if (!isNews('primary') && !isNews('replica')) invariants.report('StatusTruth', `says "in sync", but ${text}`, path);
  }
}

/** An operator looks at the held deletes and lets them go. */
function approve(world: World): void {
  world.scheduler.spawn(
    APPROVER,
    DAY_MS,
    async (actor) => {
      for (const plan of await world.ledger.plans()) await approveDeletes(world.contextFor(actor), plan.id);
    },
    (how) => world.noteEnd(APPROVER, how),
  );
}

/** The next minute; later and later when polls change nothing and nothing is due. A schedule that fires rarely is a schedule too. */
function nextPollAt(world: World, idlePolls: number): number {
  const now = world.scheduler.now();
  const inventory = world.pairState()?.inventory;
  const fullReadings = [inventory?.primary.fullAt, inventory?.replica.fullAt].map(
    (at) => (at ?? now) + FULL_READING_EVERY_MS,
  );
  const dues = [...fullReadings, ...unsyncedEntries(world.entries()).map((entry) => entry.nextAttemptAt ?? now)];
  const patience = Math.min(POLL_MS * 2 ** Math.max(0, idlePolls - IDLE_POLLS_AT_FULL_PACE), LONGEST_PAUSE_MS);
  return Math.max(now + POLL_MS, Math.min(now + patience, ...dues.filter((at) => at > now)));
}

/** Both sides were read completely after the last thing that happened to either of them. */
function hasReadBothSides(world: World): boolean {
  const inventory = world.pairState()?.inventory;
  const since = restsSince(world);
  const isRead = (completeAt: number | undefined): boolean => completeAt !== undefined && completeAt > since;
  return isRead(inventory?.primary.contents?.completeAt) && isRead(inventory?.replica.contents?.completeAt);
}

/** As {@link hasReadBothSides}, for what is read once a day only: a frozen version can be overwritten by force. */
function hasReadFrozenVersions(world: World): boolean {
  const inventory = world.pairState()?.inventory;
  const isFull = (fullAt: number | undefined): boolean => fullAt !== undefined && fullAt > restsSince(world);
  const isSomeFrozen = world.entries().some((entry) => entry.isFrozen === true);
  return !isSomeFrozen || (isFull(inventory?.primary.fullAt) && isFull(inventory?.replica.fullAt));
}

const restsSince = ({ primary, replica, searchLagMs }: World): number =>
  Math.max(primary.lastChangedAt(), replica.lastChangedAt()) + searchLagMs;

function isOver(world: World, profile: Profile): boolean {
  if (world.invariants.violations.length > 0) return true;
  const now = world.scheduler.now();
  const restUntil = START_AT + profile.restlessMs;
  // The last transactions commit late.
  if (now <= restUntil + 2 * POLL_MS) return false;
  if (world.scheduler.counts().steps > MOST_STEPS || now > restUntil + LONGEST_SETTLING_MS) {
    const left = unsyncedEntries(world.entries()).filter((entry) => !isForTheOperator(entry));
    const text = left.map((entry) => `${entry.path} ${entry.state} ${entry.lastError?.code ?? ''}`).join(', ');
    world.invariants.report(
      'NothingStuck',
      `after ${world.scheduler.counts().steps} steps still: ${text}`,
      left[0]?.path,
    );
    return true;
  }
  if (world.scheduler.running() > 0 || !hasReadBothSides(world) || !hasReadFrozenVersions(world)) return false;
  const left = unsyncedEntries(world.entries());
  if (left.length === 0) return true;
  const isShort = !profile.isWatchedForDays && left.every(({ state }) => state === 'held');
  return now > restUntil + (isShort ? LAST_LOOK_MS : LAST_RETRY_MS) && left.every(isForTheOperator);
}

/** What only a person can end: a big delete, a bag with strangers in it, another writer, a version frozen on the replica. */
const isForTheOperator = (entry: LedgerEntry): boolean =>
  (entry.state === 'held' && (entry.plan !== undefined || entry.lastError?.code === 'NOT_EMPTY')) ||
  (entry.state === 'parked' &&
    ['FROZEN_ON_REPLICA', 'REPLICA_DIFFERS', 'ANOTHER_WRITER'].includes(entry.lastError?.code ?? '')) ||
  // Deletes wait while an upsert of a later stage is parked.
  (isUnsettled(entry) && entry.action === 'delete');

async function checkEnd(world: World): Promise<void> {
  const { invariants } = world;
  if (invariants.violations.length > 0) return;
  const differences = invariants.unreportedDifferences();
  for (const { path, text } of differences) invariants.report('NothingLost', text, path);
  const { ledger, state } = world;
  const status = await pairStatus({
    pair: 'eu/acme',
    ledger,
    state,
    now: world.scheduler.now(),
    pollSeconds: LONGEST_PAUSE_MS / 1000,
    filterHash: world.rules().filterHash,
  });
  const settled = world.pairState()?.start === 'baseline' ? 'baseline not compared' : 'in sync';
  if (status.condition === 'in sync' && differences.length > 0)
    invariants.report('StatusTruth', 'says "in sync"', differences[0]?.path);
  const isReported = unsyncedEntries(world.entries()).length > 0;
  if (status.condition === 'in sync' && isReported)
    invariants.report('StatusTruth', 'says "in sync" with unsynced entries');
  if (status.condition !== settled && !isReported)
    invariants.report('StatusTruth', `everything is in sync, but status says: ${status.text}`);
}
