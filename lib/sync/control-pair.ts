import { type LedgerEntry, observe, release } from '../model/ledger-entry.ts';
import type { ObjectPath } from '../model/object-path.ts';
import { trustedRef } from '../model/object-path.ts';
import { newPairState, nextEpoch } from '../model/pair-state.ts';
import { heldEntries } from './guard-held-deletes.ts';
import type { PairRecords } from './pair-context.ts';
import { unsyncedEntries } from './unsynced-entries.ts';
import { voidListsOf } from './void-list.ts';

/** The pair is stopped: written to its state, so it survives a restart. Copies under way end by themselves. */
export async function stopPair(ctx: PairRecords): Promise<void> {
  await setStopped(ctx, true);
}

/** The pair runs again with its next poll, and what was paused is tried at once. */
export async function startPair(ctx: PairRecords): Promise<void> {
  await setStopped(ctx, false);
}

async function setStopped(ctx: PairRecords, isStopped: boolean): Promise<void> {
  await ctx.state.update((found) => {
    const state =
      found ?? newPairState(ctx.clock.now(), ctx.rules.filterHash, ctx.rules.startsWithCopy ? 'copy' : 'baseline');
    const { paused, ...rest } = state;
    return isStopped ? { ...state, isStopped } : { ...rest, isStopped };
  });
}

/**
 * A new epoch that trusts nothing: everything is read and compared with the replica again. Nothing is deleted by it. A poll under way
 * loses its lease, or it would go on with the old epoch's inventory in the new one.
 */
export async function resyncPair(ctx: PairRecords): Promise<void> {
  await ctx.state.update(
    (state) =>
      state &&
      nextEpoch(state, ctx.clock.now(), {
        trustFrom: state.epoch + 1,
        start: 'copy',
        paused: undefined,
        leaseToken: state.leaseToken + 1,
        leaseUntil: undefined,
      }),
  );
}

/** What an operator's request came to. */
export interface SteeredObjects {
  readonly objects: number;
  /** False: time was over before the last of them. The same request goes on there. */
  readonly isDone: boolean;
}

/** Parked and failing objects (all of them, or those named) are due at once, with no attempts. Stops at the deadline (ms), after one at least. */
export async function retryObjects(
  ctx: PairRecords,
  paths?: ReadonlySet<ObjectPath>,
  deadline = Number.POSITIVE_INFINITY,
): Promise<SteeredObjects> {
  const epoch = (await ctx.state.read())?.epoch;
  if (epoch === undefined) return { objects: 0, isDone: true };
  let retried = 0;
  for (const bucket of [1, 2, 3, 4, 5, 6, 'parked'] as const) {
    const chosen: LedgerEntry[] = [];
    for await (const entry of unsyncedEntries(ctx.ledger, bucket)) {
      if (isChosen(ctx, entry, bucket === 'parked', paths)) chosen.push(entry);
    }
    await voidListsOf(
      ctx,
      chosen.map((entry) => trustedRef(entry.path)),
      epoch,
    );
    for (const entry of chosen) {
      const now = ctx.clock.now();
      if (retried > 0 && now >= deadline) return { objects: retried, isDone: false };
      const { isChanged } = await ctx.ledger.update(entry.path, (current) =>
        current === undefined
          ? undefined
          : observe(current, { path: entry.path, action: current.action, epoch, now, by: 'operator' }),
      );
      if (isChanged) retried += 1;
    }
  }
  return { objects: retried, isDone: true };
}

const isChosen = (
  ctx: PairRecords,
  entry: LedgerEntry,
  isParked: boolean,
  paths: ReadonlySet<ObjectPath> | undefined,
): boolean =>
  ctx.rules.isWanted(trustedRef(entry.path)) &&
  (paths === undefined ? isParked || entry.attempts > 0 : paths.has(entry.path));

/**
 * Lets the deletes of a plan go, where the entry's version is still the one that was planned; none when the plan does not exist any more.
 * Stops at the deadline (ms), after one at least; then the plan stays for the rest.
 */
export async function approveDeletes(
  ctx: PairRecords,
  planId: string,
  deadline = Number.POSITIVE_INFINITY,
): Promise<SteeredObjects> {
  const held = await heldEntries(ctx);
  let released = 0;
  for (const entry of held.filter((one) => one.plan === planId)) {
    if (released > 0 && ctx.clock.now() >= deadline) return { objects: released, isDone: false };
    const { isChanged } = await ctx.ledger.update(entry.path, (current) =>
      current?.plan === planId ? release(current, entry.version, ctx.clock.now()) : undefined,
    );
    if (isChanged) released += 1;
  }
  await ctx.ledger.removePlan(planId);
  // The last held delete of a replaced primary was looked at by a person: from here on the guard decides again.
  if ((await heldEntries(ctx)).length === 0) {
    await ctx.state.update((state) => {
      if (state?.holdsEveryDelete === undefined) return undefined;
      const { holdsEveryDelete, ...rest } = state;
      return rest;
    });
  }
  return { objects: released, isDone: true };
}
