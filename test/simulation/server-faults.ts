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
    | 'unreadable list';
  readonly list?: ListPath;
}

/** An object that a server takes from nobody for a while. */
export interface Refusal {
  readonly path: ObjectPath;
  readonly status: 400 | 413;
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
}

/** What happens to one request instead of, or around, what it asks for. */
export type Fate =
  | { readonly kind: 'served' }
  | { readonly kind: 'status'; readonly status: number; readonly text: string }
  | { readonly kind: 'false 404' }
  | { readonly kind: 'empty list' }
  /** No answer comes. The request was lost, or did its work, or does it when nobody waits any more. */
  | {
      readonly kind: 'no answer';
      readonly cause: 'time-out' | 'connection';
      readonly effect: 'none' | 'now' | 'late';
    };

export interface ServerFaults {
  fateOf(request: Request): Fate;
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
    if (request.writes !== undefined && request.side === 'replica' && request.method !== 'DELETE') {
      const refusal = plan.refusals.find((each) => each.path === request.writes && isOn(each));
      if (refusal !== undefined) return { kind: 'status', status: refusal.status, text: 'this object is not taken' };
    }
    return chance.happens(plan.strayShare) ? noAnswer(chance) : SERVED;
  }

  return {
    fateOf(request) {
      const fate = fateOf(request);
      if (fate.kind !== 'served') count += 1;
      const isTrouble =
        fate.kind === 'no answer' || (fate.kind === 'status' && (fate.status >= 500 || fate.status === 403));
      if (fate.kind === 'empty list' || fate.kind === 'false 404') liedAt[request.side] = now();
      if (isTrouble) ownTroubleAt[request.side] = now();
      return fate;
    },
    lastTroubleAt(side) {
      const overloads = plan.episodes.filter((e) => e.side === side && TELLS_LIES.has(e.kind) && e.from <= now());
      const latest = overloads.map((e) => Math.min(e.until, stoppedAt, now()));
      return Math.max(ownTroubleAt[side], ...latest);
    },
    lastLieAt: (side) => liedAt[side],
    stop() {
      stoppedAt = now();
    },
    count: () => count,
  };
}

const noAnswer = (chance: Chance): Fate => ({
  kind: 'no answer',
  cause: chance.pick(['time-out', 'connection'] as const),
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
  }
}

const isList = (path: string): boolean => /^\/(cookbooks|data|data\/[^/]+|roles|environments)$/.test(path);

/** Shares as measured with 150 connections on a live server (API facts §12), with more false 404s, to meet them. */
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
