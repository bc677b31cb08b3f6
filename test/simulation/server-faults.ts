import type { ListPath, ObjectPath } from '../../lib/model/object-path.ts';
import type { Side } from '../../lib/model/side.ts';
import type { Chance } from './chance.ts';

/** A time in which a server misbehaves. */
export interface Episode {
  readonly side: Side;
  readonly from: number;
  readonly until: number;
  readonly kind: /** Too many requests: errors, and false answers about objects that exist. */
    | 'overload'
    /** A few too many: most requests are served, some get a false answer. */
    | 'strain'
    /** Nobody answers. */
    | 'down'
    /** Lists answer 200 and nothing. */
    | 'empty lists'
    /** One list answers 500, whoever asks. */
    | 'unreadable list'
    /** Every request is answered with `status`. */
    | 'refusing'
    /** Somebody else's page comes instead of every answer. */
    | 'proxy'
    /** Not more than `limit` objects: what would be another one is answered with `status`. */
    | 'full'
    /** The file store keeps other bytes than it was sent, and does not confirm them. */
    | 'wrong bytes'
    /** Somebody else uploads and deletes cookbooks with the same files: what no version uses yet is collected. */
    | 'collecting';
  readonly list?: ListPath;
  readonly status?: number;
  readonly limit?: number;
}

/** An object that the replica takes from nobody, or the primary shows to nobody, for a while. */
export interface Refusal {
  readonly side: Side;
  readonly path: ObjectPath;
  readonly status: 400 | 403 | 409 | 413 | 500;
  readonly from: number;
  readonly until: number;
}

export interface ServerFaultPlan {
  readonly episodes: readonly Episode[];
  readonly refusals: readonly Refusal[];
  /** Share of the requests, at any time, whose answer does not come. */
  readonly strayShare: number;
}

export interface Request {
  readonly side: Side;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** The object a write is about. */
  readonly writes?: ObjectPath;
  /** The object that is read. */
  readonly reads?: ObjectPath;
}

/** What happens to one request instead of, or around, what it asks for. */
export type Fate =
  | { readonly kind: 'served' }
  | { readonly kind: 'status'; readonly status: number; readonly text: string }
  | { readonly kind: 'false 404' }
  /** A page in HTML, with 200 or 404. */
  | { readonly kind: 'page'; readonly status: 200 | 404 }
  | { readonly kind: 'empty list' }
  /** No answer comes. The request was lost, or did its work, or does it when nobody waits any more. */
  | {
      readonly kind: 'no answer';
      readonly cause: LostAnswer;
      readonly effect: 'none' | 'now' | 'late';
    };

/** No answer, a reset, an answer that breaks off or is no JSON. */
type LostAnswer = 'time-out' | 'connection' | 'unexpected-answer';

const LOST_ANSWERS: readonly LostAnswer[] = ['time-out', 'connection', 'unexpected-answer'];

export interface ServerFaults {
  fateOf(request: Request): Fate;
  /** The status with which a server that holds so many objects refuses one more. */
  quotaStatus(side: Side, objects: number): number | undefined;
  /** Whether the file store keeps other bytes than this upload sent. */
  spoilsUpload(side: Side): boolean;
  /** Whether files that no version uses are collected just before a manifest arrives. */
  collectsFiles(side: Side): boolean;
  /** As the port has it: an overloaded server fails for many requests, so whoever was told a false 404 sees troubles around it. */
  lastTroubleAt(side: Side): number;
  /** When the server last gave a false answer that looks like a true one. */
  lastLieAt(side: Side): number;
  /** From now on both servers do what the API promises. */
  stop(): void;
  /** Requests that met a fault, so far. */
  count(): number;
}

const TELLS_LIES: ReadonlySet<Episode['kind']> = new Set(['overload', 'strain']);

const SERVED: Fate = { kind: 'served' };

export function createServerFaults(plan: ServerFaultPlan, chance: Chance, now: () => number): ServerFaults {
  const ownTroubleAt: Record<Side, number> = { primary: 0, replica: 0 };
  const liedAt: Record<Side, number> = { primary: 0, replica: 0 };
  let stoppedAt = Number.POSITIVE_INFINITY;
  let count = 0;

  const isOn = (episode: Episode | Refusal): boolean =>
    episode.from <= now() && now() < Math.min(episode.until, stoppedAt);

  function fateOf(request: Request): Fate {
    if (now() >= stoppedAt) return SERVED;
    for (const episode of plan.episodes) {
      if (episode.side !== request.side || !isOn(episode)) continue;
      const fate = fateInEpisode(episode, request, chance);
      if (fate !== undefined) return fate;
    }
    const about = request.side === 'replica' ? request.writes : request.reads;
    const refusal = plan.refusals.find((each) => each.side === request.side && each.path === about && isOn(each));
    if (refusal !== undefined) return { kind: 'status', status: refusal.status, text: REFUSAL_TEXT };
    return chance.happens(plan.strayShare) ? noAnswer(chance) : SERVED;
  }

  const current = (side: Side, kind: Episode['kind']): Episode | undefined =>
    plan.episodes.find((each) => each.side === side && each.kind === kind && isOn(each));
  const happens = (side: Side, kind: Episode['kind']): boolean => {
    const isHit = current(side, kind) !== undefined && chance.happens(0.5);
    if (isHit) count += 1;
    return isHit;
  };

  return {
    fateOf(request) {
      const fate = fateOf(request);
      if (fate.kind !== 'served') count += 1;
      const isTrouble = fate.kind === 'no answer' || (fate.kind === 'status' && isTroubleStatus(fate));
      const isFalseConflict = fate.kind === 'status' && fate.status === 409;
      if (fate.kind === 'empty list' || fate.kind === 'false 404' || isFalseConflict) liedAt[request.side] = now();
      if (isTrouble) ownTroubleAt[request.side] = now();
      return fate;
    },
    lastTroubleAt(side) {
      const overloads = plan.episodes.filter((e) => e.side === side && TELLS_LIES.has(e.kind) && e.from <= now());
      const latest = overloads.map((e) => Math.min(e.until, stoppedAt, now()));
      return Math.max(ownTroubleAt[side], ...latest);
    },
    lastLieAt: (side) => liedAt[side],
    quotaStatus(side, objects) {
      const episode = current(side, 'full');
      if (episode === undefined || objects < (episode.limit ?? 0)) return undefined;
      count += 1;
      return episode.status;
    },
    spoilsUpload: (side) => happens(side, 'wrong bytes'),
    collectsFiles: (side) => happens(side, 'collecting'),
    stop() {
      stoppedAt = now();
    },
    count: () => count,
  };
}

/** Chef's words when it denies one object for good, which is no sign of an overload. */
const REFUSAL_TEXT = 'missing permission';

const isTroubleStatus = ({ status, text }: { readonly status: number; readonly text: string }): boolean =>
  status >= 500 || status === 408 || status === 429 || (status === 403 && text !== REFUSAL_TEXT);

const noAnswer = (chance: Chance): Fate => ({
  kind: 'no answer',
  cause: chance.pick(LOST_ANSWERS),
  effect: chance.pick(['none', 'now', 'late'] as const),
});

function fateInEpisode(episode: Episode, request: Request, chance: Chance): Fate | undefined {
  switch (episode.kind) {
    case 'down':
      return { kind: 'no answer', cause: chance.pick(['time-out', 'connection'] as const), effect: 'none' };
    case 'empty lists':
      return request.method === 'GET' && isList(request.path) ? { kind: 'empty list' } : undefined;
    case 'unreadable list':
      return request.path === episode.list && request.method === 'GET'
        ? { kind: 'status', status: 500, text: 'internal service error' }
        : undefined;
    case 'overload':
      return overloaded(chance);
    case 'strain':
      return chance.happens(0.25) ? overloaded(chance) : undefined;
    case 'refusing':
      return { kind: 'status', status: episode.status ?? 500, text: 'refused' };
    case 'proxy':
      return { kind: 'page', status: chance.pick([200, 404] as const) };
    case 'full':
    case 'wrong bytes':
    case 'collecting':
      return undefined;
  }
}

const isList = (path: string): boolean => /^\/(cookbooks|data|data\/[^/]+|roles|environments)$/.test(path);

/** Shares as measured with 150 connections on Chef Infra Server 15.10, with more false 404s, to meet them. */
function overloaded(chance: Chance): Fate | undefined {
  const lot = chance.random();
  if (lot < 0.45) return undefined;
  if (lot < 0.6) return { kind: 'false 404' };
  if (lot < 0.7)
    return { kind: 'status', status: 403, text: "Failed to verify user 'sync' as a member of organization 'o'" };
  if (lot < 0.8) return { kind: 'status', status: 500, text: 'internal service error' };
  if (lot < 0.95) return { kind: 'status', status: 503, text: "An error occurred while trying to find 'sync'" };
  return { kind: 'no answer', cause: 'time-out', effect: 'none' };
}
