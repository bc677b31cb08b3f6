import type { ObjectKind } from '../model/object-kind.ts';
import type { Release } from '../model/pair-state.ts';

/** Deletes of one kind that are always allowed within a day: a handful is daily work even in a small organization. */
const ALWAYS_ALLOWED_DELETES = 20;
/** Share of the live entries of a kind that may be deleted within a day. */
const ALLOWED_DELETE_SHARE = 0.1;
/** Above this many live entries, never more than half of them. */
const HALF_RULE_ABOVE = 3;
/** The guard's memory. */
export const GUARD_WINDOW_MS = 24 * 60 * 60_000;

export interface GuardedDeletes {
  /** Held deletes of the kind that ask to be released for the first time. */
  readonly candidates: number;
  /** Members of the kind's lists as last read completely, the candidates included; undefined when that never happened. */
  readonly live: number | undefined;
  /** Deletes of the kind released in the last 24 hours. */
  readonly releasedLastDay: number;
  /** A reason why nothing is released without an operator. */
  readonly holdsEveryDelete?: string;
}

export type GuardVerdict = { readonly isReleased: true } | { readonly isReleased: false; readonly reason: string };

/** How many deletes of a kind with that many live entries the guard lets pass in 24 hours. */
export function deleteLimit(live: number): number {
  const limit = Math.max(ALWAYS_ALLOWED_DELETES, Math.floor(live * ALLOWED_DELETE_SHARE));
  return live > HALF_RULE_ABOVE ? Math.min(limit, Math.floor(live / 2)) : limit;
}

/** Deletes of the kind that were released within the guard's memory. */
export const releasedLastDay = (released: readonly Release[], kind: ObjectKind, now: number): number =>
  released
    .filter((one) => one.kind === kind && one.at > now - GUARD_WINDOW_MS)
    .reduce((sum, one) => sum + one.count, 0);

/**
 * Decides over the whole batch before the first delete: all of it or nothing. A counter that fires at N has already deleted N (see
 * docs/decisions/0002).
 */
export function guardDeletes(deletes: GuardedDeletes): GuardVerdict {
  if (deletes.holdsEveryDelete !== undefined) return { isReleased: false, reason: deletes.holdsEveryDelete };
  if (deletes.live === undefined) {
    return { isReleased: false, reason: "the primary's list of this kind was never read completely" };
  }
  const limit = deleteLimit(deletes.live);
  const total = deletes.releasedLastDay + deletes.candidates;
  if (total <= limit || deletes.candidates === 0) return { isReleased: true };
  const earlier = deletes.releasedLastDay === 0 ? '' : ` and ${deletes.releasedLastDay} more within 24 hours`;
  return {
    isReleased: false,
    reason: `${deletes.candidates} deletes${earlier} of ${deletes.live} objects are more than the ${limit} that pass without being asked`,
  };
}
