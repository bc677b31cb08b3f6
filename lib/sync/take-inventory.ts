import { NAMED_CONTENT_LIST } from '../model/object-kind.ts';
import type { Pass, PassScope } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import { areReadSideBySide, isContentAwaited, nextPass } from '../plan/pace-inventory.ts';
import { ledgerOfPass } from './ledger-of-pass.ts';
import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';
import { END, type InventoryEnd, type InventoryOutcome, noteProgress, walkPass } from './walk-pass.ts';

/**
 * Takes the inventories of both sides, of the primary first, and of the replica only when that came to its end: what is known of the
 * primary is copied before the replica is looked at further, unless time allows both. An epoch needs that order until it is bootstrapped,
 * because what both sides show equal is settled without a copy. Small organizations are read side by side from then on: nobody is paid
 * for waiting twice.
 */
export async function takeInventories(
  ctx: PairContext,
  lease: PollLease,
  until: InventoryEnd,
): Promise<readonly InventoryOutcome[]> {
  const take = (side: Side): Promise<InventoryOutcome> => takeInventory(ctx, lease, side, until);
  if (!areReadSideBySide(lease.state())) {
    const primary = await take('primary');
    return primary.outcome === 'done' ? [primary, await take('replica')] : [primary];
  }
  const outcomes = await Promise.allSettled([take('primary'), take('replica')]);
  return outcomes.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/**
 * Takes the passes of one side's inventory that are due, list by list, until the deadline. Progress is stored, so that a poll cut anywhere
 * goes on there. Each list is complete or unread by itself: an unread one is reported and changes nothing of its own.
 */
export async function takeInventory(
  ctx: PairContext,
  lease: PollLease,
  side: Side,
  until: InventoryEnd,
): Promise<InventoryOutcome> {
  const before = lease.state().inventory[side];
  const firstOfPoll = before.pass === undefined ? before.number + 1 : before.number;
  const wasContentUnread = before.unread.some(({ list }) => list === NAMED_CONTENT_LIST);
  const done = new Set<PassScope>();
  const passing = { ...ctx, ledger: ledgerOfPass(ctx, lease) };
  for (;;) {
    const pass = currentPass(ctx, lease, side, done);
    if (pass === undefined) return { outcome: 'done' };
    const outcome = await walkPass(passing, lease, { side, pass, firstOfPoll, wasContentUnread, until });
    if (outcome.outcome !== 'done') return outcome;
    done.add(pass.scope);
  }
}

/** The pass under way, or the one that begins now. */
function currentPass(ctx: PairContext, lease: PollLease, side: Side, done: ReadonlySet<PassScope>): Pass | undefined {
  const state = lease.state();
  const progress = state.inventory[side];
  if (progress.pass !== undefined) return progress.pass;
  const now = ctx.clock.now();
  const areNamesAwaited = side === 'primary' && isContentAwaited(state);
  const next = nextPass(progress, { now, share: ctx.rules.inventoryShare, done, areNamesAwaited });
  if (next === undefined) return undefined;
  const pass: Pass = { ...next, startedAt: now, busyMs: 0, nextList: ctx.rules.lists[0] ?? END, unread: [] };
  noteProgress(lease, side, { ...progress, number: progress.number + 1, pass });
  return pass;
}
