import { isLive, type LedgerEntry, markAbsent, observe } from '../model/ledger-entry.ts';
import { isListOfContainers, trustedRef } from '../model/object-path.ts';
import { isSameVersion } from '../model/version.ts';
import { isConfirmedAbsent, isMissed } from '../plan/primary-evidence.ts';
import type { PairContext } from './pair-context.ts';
import type { ListComparison } from './read-changed-list.ts';
import { voidList } from './void-list.ts';

/**
 * Notes what the primary's complete list lacks: afterwards each live entry of `unlisted` is marked absent, or held as a delete when an
 * earlier inventory of the epoch missed it too. With a data bag its items are absent, though nobody can list them. That holds for a bag
 * whose delete is done or under way too: a late event may have made an item of it live again. Answers how many objects stay absent.
 */
export async function noteAbsences(
  ctx: PairContext,
  comparison: ListComparison,
  unlisted: readonly LedgerEntry[],
): Promise<number> {
  let absent = await noteMissing(ctx, comparison, unlisted.filter(isLive));
  if (!isListOfContainers(comparison.list)) return absent;
  for (const bag of unlisted) {
    const items = (await ctx.ledger.entriesOf(bag.path)).filter(
      (entry) => isLive(entry) && ctx.rules.isWanted(trustedRef(entry.path)),
    );
    absent += await noteMissing(ctx, { ...comparison, list: bag.path }, items);
  }
  return absent;
}

async function noteMissing(
  ctx: PairContext,
  { list, pass, readAt }: Omit<ListComparison, 'row'>,
  missing: readonly LedgerEntry[],
): Promise<number> {
  const missed = missing.filter((entry) => isMissed(entry, readAt, ctx.clock.now()));
  if (missed.length === 0) return missing.length;
  await voidList(ctx, list, pass.epoch);
  for (const { path, version } of missed) {
    const now = ctx.clock.now();
    await ctx.ledger.update(path, (current) => {
      if (current === undefined || !isSameVersion(current.version, version)) return undefined;
      return isConfirmedAbsent(current, pass)
        ? observe(current, { path, action: 'delete', epoch: pass.epoch, now, by: 'inventory' })
        : markAbsent(current, pass, now);
    });
  }
  return missing.length;
}
