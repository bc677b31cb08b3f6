import type { ListPath } from '../../lib/model/object-path.ts';
import type { Side } from '../../lib/model/side.ts';
import type { Chance } from './chance.ts';
import type { SearchBehaviour } from './memory-chef-org.ts';
import { UNIVERSE } from './primary-writer.ts';
import type { ProcessFaults } from './scheduler.ts';
import type { Episode, Refusal, ServerFaultPlan } from './server-faults.ts';
import type { QueueFaults } from './simulated-queue.ts';

const MINUTE_MS = 60_000;

/** What kind of world a seed makes: which faults it has, and how often. A third of the worlds have none of a given kind. */
export interface Profile {
  /** How long people write on the primary and faults happen. */
  readonly restlessMs: number;
  readonly writeEveryMs: number;
  readonly process: ProcessFaults;
  /** Share of the calls of ledger, state and queue that fail, having happened or not. */
  readonly storeFailureShare: number;
  readonly queue: QueueFaults;
  readonly servers: ServerFaultPlan;
  readonly hasFeed: boolean;
  readonly feedPathPrefix: string;
  readonly lateCommitShare: number;
  readonly feedResetAt?: number;
  readonly feedGoneAt?: number;
  readonly search: SearchBehaviour;
  /** Share of the primary's objects that the replica had before, equal or not. */
  readonly handFilledShare: number;
  readonly handEdits: number;
  readonly wipedAt?: number;
  /** The replica's server goes back to an earlier state; its organization keeps its guid. */
  readonly replicaRestoredAt?: number;
  /** The replica is replaced by another organization of the same name: empty, or a copy. */
  readonly replacedAt?: number;
  /** The primary's server goes back to an earlier state, and the ids of its feed with it. */
  readonly primaryRestoredAt?: number;
  /** The primary is replaced by another organization of the same name: empty, or an earlier copy. */
  readonly primaryReplacedAt?: number;
  /** False: `bootstrap: false`, the primary as it is at first is the baseline. */
  readonly startsWithCopy: boolean;
  /** How the primary's events arrive; undefined: it sends none. */
  readonly hints?: HintFaults;
  /** Mean time between two things that an operator does; undefined: nobody is there. */
  readonly operatorEveryMs?: number;
  /** Times at which the daemon is restarted; the queue is then in memory and dies with it. Undefined: the queue is SQS. */
  readonly restarts?: readonly number[];
  readonly drift: 'repair' | 'report';
  /** Excluded at first; from `filterChangesAt` on everything is inside, or the other way round. */
  readonly excluded: readonly string[];
  readonly filterChangesAt?: number;
  readonly approvesDeletes: boolean;
  /** The pair is stopped some time before that, and started again then. */
  readonly stoppedUntil?: number;
  /** A copier longer than its messages are invisible, as no function may: so somebody else gets them while it works. */
  readonly copiersOutliveTheirMessages: boolean;
  /** What is held is looked at until the guard has forgotten what it released, days later; otherwise some hours. */
  readonly isWatchedForDays: boolean;
  /** Share of the firings of the schedule that come twice. */
  readonly doubleFiringShare: number;
}

/** What becomes of the messages about the primary's writes, as shares of all of them. */
export interface HintFaults {
  readonly lostShare: number;
  readonly lateShare: number;
  readonly doubledShare: number;
  /** Tell of a delete that was none, or the other way round. */
  readonly wrongShare: number;
}

/** A world in which nothing fails. */
export const CALM_PROFILE: Profile = {
  restlessMs: 20 * MINUTE_MS,
  writeEveryMs: 30_000,
  process: { crashShare: 0, stallShare: 0 },
  storeFailureShare: 0,
  queue: { lostShare: 0, failedShare: 0, acknowledgementLostShare: 0 },
  servers: { episodes: [], refusals: [], strayShare: 0 },
  hasFeed: false,
  feedPathPrefix: '',
  lateCommitShare: 0,
  search: { isThere: false, lagMs: 0 },
  handFilledShare: 0,
  handEdits: 0,
  startsWithCopy: true,
  drift: 'repair',
  excluded: [],
  approvesDeletes: true,
  copiersOutliveTheirMessages: false,
  isWatchedForDays: true,
  doubleFiringShare: 0,
};

/**
 * The primary is written in a valid order, nothing fails and nobody else has a hand in either side: references on the replica are then
 * valid at every step. Operators and polls that are cut belong to an orderly world.
 */
export const isOrderly = (profile: Profile): boolean =>
  profile.process === CALM_PROFILE.process &&
  profile.servers === CALM_PROFILE.servers &&
  profile.handFilledShare === 0 &&
  profile.startsWithCopy &&
  profile.excluded.length === 0;

/** The world of a seed. `startAt` is its first moment. */
export function drawProfile(chance: Chance, startAt: number): Profile {
  const restlessMs = chance.between(5, 12) * MINUTE_MS;
  const some = (share: number): number => (chance.happens(0.5) ? share : 0);
  const moment = (share: number): number | undefined =>
    chance.happens(share) ? startAt + chance.between(0.1, 1) * restlessMs : undefined;
  const hasFeed = chance.happens(0.5);
  const calm: Profile = {
    ...CALM_PROFILE,
    restlessMs,
    writeEveryMs: chance.pick([6_000, 15_000, 40_000]),
    hasFeed,
    feedPathPrefix: chance.pick(['', '/organizations/acme']),
    search: { isThere: chance.happens(0.6), lagMs: chance.pick([0, 15_000, 90_000]) },
    handFilledShare: chance.pick([0, 0, 0.5, 1]),
    startsWithCopy: chance.happens(0.9),
    hints: chance.happens(0.3) ? { lostShare: 0, lateShare: 0, doubledShare: 0, wrongShare: 0 } : undefined,
    operatorEveryMs: chance.happens(0.3) ? chance.pick([60_000, 240_000]) : undefined,
    excluded: chance.happens(0.2) ? chance.pick([['roles/r1'], ['data_bags/b1/*'], ['cookbooks']]) : [],
    approvesDeletes: chance.happens(0.7),
    isWatchedForDays: chance.happens(0.15),
  };
  if (chance.happens(0.2)) return calm;
  return {
    ...calm,
    process: { crashShare: chance.pick([0, 0.001, 0.004, 0.015]), stallShare: some(0.0007) },
    storeFailureShare: some(0.001),
    queue: { lostShare: some(0.03), failedShare: some(0.03), acknowledgementLostShare: some(0.05) },
    servers: {
      episodes: drawEpisodes(chance, startAt, restlessMs),
      refusals: drawRefusals(chance, startAt, restlessMs),
      strayShare: some(0.01),
    },
    lateCommitShare: some(0.2),
    feedResetAt: hasFeed ? moment(0.15) : undefined,
    feedGoneAt: hasFeed ? moment(0.1) : undefined,
    handEdits: Math.floor(some(4)),
    wipedAt: moment(0.07),
    replicaRestoredAt: moment(0.07),
    replacedAt: moment(0.07),
    primaryRestoredAt: moment(0.1),
    primaryReplacedAt: moment(0.07),
    hints: calm.hints && {
      lostShare: some(0.3),
      lateShare: some(0.3),
      doubledShare: some(0.3),
      wrongShare: some(0.1),
    },
    restarts: chance.happens(0.4) ? [moment(0.7), moment(0.4)].filter((at) => at !== undefined) : undefined,
    drift: chance.happens(0.85) ? 'repair' : 'report',
    filterChangesAt: moment(0.15),
    stoppedUntil: chance.happens(0.1) ? startAt + restlessMs + chance.between(0, 20 * 60) * MINUTE_MS : undefined,
    copiersOutliveTheirMessages: chance.happens(0.1),
    doubleFiringShare: some(0.1),
  };
}

const LISTS: readonly ListPath[] = ['/cookbooks', '/data', '/data/b1', '/roles', '/environments'];

const KINDS: readonly Episode['kind'][] = [
  ...(['overload', 'strain', 'strain', 'down', 'empty lists', 'unreadable list'] as const),
  ...(['refusing', 'proxy', 'full', 'wrong bytes', 'collecting', 'collecting'] as const),
];
/** Lists lie empty on the primary only: of the replica that is no danger. Only the replica is written to. */
const ONLY_ON: Partial<Record<Episode['kind'], Side>> = {
  'empty lists': 'primary',
  full: 'replica',
  'wrong bytes': 'replica',
  collecting: 'replica',
};
/** What a server, or something in front of it, may answer to everything. */
const STATUSES = [301, 400, 401, 403, 405, 406, 408, 409, 413, 415, 422, 429, 500, 501, 502, 503, 504];

function drawEpisodes(chance: Chance, startAt: number, restlessMs: number): readonly Episode[] {
  return Array.from({ length: chance.pick([0, 0, 1, 2, 3]) }, () => {
    const from = startAt + chance.random() * restlessMs;
    const kind = chance.pick(KINDS);
    return {
      side: ONLY_ON[kind] ?? chance.pick(['primary', 'replica'] as const),
      from,
      until: from + chance.between(0.2, 6) * MINUTE_MS,
      kind,
      list: chance.pick(LISTS),
      status: kind === 'full' ? chance.pick([400, 403, 413]) : chance.pick(STATUSES),
      limit: chance.pick([0, 5, 10, 15]),
    };
  });
}

function drawRefusals(chance: Chance, startAt: number, restlessMs: number): readonly Refusal[] {
  return Array.from({ length: chance.pick([0, 0, 0, 1, 2]) }, () => {
    const from = startAt + chance.random() * restlessMs;
    const side = chance.pick(['primary', 'replica', 'replica'] as const);
    const status =
      side === 'primary' ? chance.pick([403, 500] as const) : chance.pick([400, 403, 409, 413, 500] as const);
    return { side, path: chance.pick(UNIVERSE), status, from, until: from + chance.between(1, 60) * MINUTE_MS };
  });
}
