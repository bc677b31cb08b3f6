import type { Clock } from '../ports/clock.ts';
import { createSlots } from './slots.ts';

/**
 * Requests in flight to one server when the configuration does not say otherwise. A Chef Infra Server has 20 database connections and
 * a queue of 20 by default: from about 60 requests in flight on it answers 404 for objects that exist, at 40 it never did.
 */
const DEFAULT_REQUESTS_IN_FLIGHT = 16;
/** No configuration may ask for more: half of what makes a Chef server lie. */
const MAX_REQUESTS_IN_FLIGHT = 32;

/** What one finished request says about its server. `slow`: its kind of request takes far longer than it used to. */
export type Verdict = 'good' | 'slow' | 'trouble';

/** How many requests a server is given at once, and which requests have already been answered for. */
export interface Limit {
  /** Whole part = places. A fraction is growth under way. */
  readonly places: number;
  /** Requests numbered below this were under way when the limit last fell: what they report is the trouble already answered. */
  readonly judgedFrom: number;
}

/** One finished request, as {@link adaptLimit} sees it. */
export interface FinishedRequest {
  /** Requests are numbered in the order in which they start. */
  readonly number: number;
  /** Number that the next request to start will get. */
  readonly nextNumber: number;
  readonly verdict: Verdict;
  /** Whether every place was taken: a limit that nobody reaches says nothing about what the server can bear. */
  readonly wasFull: boolean;
}

const AFTER_TROUBLE = 0.5;
/** Rising latency is a weaker sign than an error, so it costs less. */
const AFTER_SLOWNESS = 0.8;

/**
 * The limit after one more request. Adds one place per round of good answers at a full house, up to `ceiling`; takes half of them (a
 * fifth for slowness) at most once per round, because the requests of one overload all report it. Never falls below one place.
 */
export function adaptLimit(limit: Limit, request: FinishedRequest, ceiling: number): Limit {
  if (request.verdict === 'good') {
    if (!request.wasFull || limit.places >= ceiling) return limit;
    return { ...limit, places: Math.min(ceiling, limit.places + 1 / Math.floor(limit.places)) };
  }
  if (request.number < limit.judgedFrom) return limit;
  const factor = request.verdict === 'trouble' ? AFTER_TROUBLE : AFTER_SLOWNESS;
  return { places: Math.max(1, limit.places * factor), judgedFrom: request.nextNumber };
}

/** How long one kind of request takes on a server: now, and when the server is at ease. */
export interface Latency {
  readonly recentMs: number;
  readonly baselineMs: number;
}

/** Weight of one request in `recentMs`: about the last ten count. */
const RECENT_WEIGHT = 0.1;
/** The baseline follows a lasting change within some thousand requests, an overload hardly moves it. */
const BASELINE_DRIFT = 0.001;
/**
 * Slow means well above the baseline, and by more than noise: 16 requests queueing at a server with one busy core take 16 times as long
 * as one does, a few hundred milliseconds at most, and that is no harm.
 */
const SLOW_FACTOR = 4;
const SLOW_FLOOR_MS = 500;

/** The latency after one more request of that kind. */
export function followLatency(latency: Latency | undefined, durationMs: number): Latency {
  if (latency === undefined) return { recentMs: durationMs, baselineMs: durationMs };
  const recentMs = latency.recentMs + (durationMs - latency.recentMs) * RECENT_WEIGHT;
  const baselineMs =
    recentMs < latency.baselineMs ? recentMs : latency.baselineMs + (recentMs - latency.baselineMs) * BASELINE_DRIFT;
  return { recentMs, baselineMs };
}

/** Whether requests of that kind now take so much longer than usual that the server must be under strain. */
export function isStrained(latency: Latency): boolean {
  return latency.recentMs > latency.baselineMs * SLOW_FACTOR + SLOW_FLOOR_MS;
}

/** A request's place among those in flight. */
export interface Place {
  /**
   * Gives the place back. `trouble` is a 5xx, a time-out or a lost connection. `kind` names requests that take about equally long;
   * without one the request's duration is not judged.
   */
  leave(outcome: 'answered' | 'trouble', kind?: string): void;
}

/** Bounds the requests in flight to one server, over everything in this process that talks to it. */
export interface RequestLimiter {
  /** Resolves when a request may be sent; the first to ask is the first to go. */
  enter(): Promise<Place>;
  /** Notes an answer that may be a sign of overload (403) without lowering the limit. */
  noteTrouble(): void;
  /** Another bound from now on, at most {@link MAX_REQUESTS_IN_FLIGHT}. More places are given as the server bears them; fewer at once. */
  setCeiling(ceiling: number): void;
  /** Time (ms) of the last trouble; 0 when there was none. */
  readonly lastTroubleAt: number;
  readonly inFlight: number;
  /** Places at this time. */
  readonly limit: number;
}

/** A limiter that starts with all of `ceiling` places, which are at most {@link MAX_REQUESTS_IN_FLIGHT}. */
export function createRequestLimiter(clock: Clock, ceiling: number = DEFAULT_REQUESTS_IN_FLIGHT): RequestLimiter {
  const allowed = (wanted: number): number => Math.max(1, Math.min(wanted, MAX_REQUESTS_IN_FLIGHT));
  let most = allowed(ceiling);
  const slots = createSlots(most);
  const latencies = new Map<string, Latency>();
  let limit: Limit = { places: most, judgedFrom: 0 };
  let nextNumber = 0;
  let lastTroubleAt = 0;

  function judge(kind: string | undefined, durationMs: number): Verdict {
    if (kind === undefined) return 'good';
    const latency = followLatency(latencies.get(kind), durationMs);
    latencies.set(kind, latency);
    return isStrained(latency) ? 'slow' : 'good';
  }

  return {
    async enter() {
      await slots.enter();
      const number = nextNumber;
      nextNumber += 1;
      const startedAt = clock.now();
      return {
        leave(outcome, kind) {
          const now = clock.now();
          if (outcome === 'trouble') lastTroubleAt = now;
          const verdict = outcome === 'trouble' ? 'trouble' : judge(kind, now - startedAt);
          const wasFull = slots.inUse >= Math.floor(limit.places);
          limit = adaptLimit(limit, { number, nextNumber, verdict, wasFull }, most);
          slots.setPlaces(Math.floor(limit.places));
          slots.leave();
        },
      };
    },
    noteTrouble() {
      lastTroubleAt = clock.now();
    },
    setCeiling(next) {
      most = allowed(next);
      limit = { ...limit, places: Math.min(limit.places, most) };
      slots.setPlaces(Math.floor(limit.places));
    },
    get lastTroubleAt() {
      return lastTroubleAt;
    },
    get inFlight() {
      return slots.inUse;
    },
    get limit() {
      return Math.floor(limit.places);
    },
  };
}

/** The limiters of a process, one per server: pairs that meet at a server share its places. */
export interface RequestLimiters {
  /** `origin` is scheme, host and port. */
  of(origin: string): RequestLimiter;
  /** Other bounds from now on, for limiters in use too. */
  setCeilings(ceilings: ReadonlyMap<string, number>): void;
}

/** Limiters that are made when first asked for. `ceilings` holds those of configured servers by origin; others get the default. */
export function createRequestLimiters(
  clock: Clock,
  initialCeilings: ReadonlyMap<string, number> = new Map(),
): RequestLimiters {
  let ceilings = initialCeilings;
  const limiters = new Map<string, RequestLimiter>();
  return {
    of(origin) {
      let limiter = limiters.get(origin);
      if (limiter === undefined) {
        limiter = createRequestLimiter(clock, ceilings.get(origin));
        limiters.set(origin, limiter);
      }
      return limiter;
    },
    setCeilings(next) {
      ceilings = next;
      for (const [origin, limiter] of limiters) limiter.setCeiling(next.get(origin) ?? DEFAULT_REQUESTS_IN_FLIGHT);
    },
  };
}
