import { type ListPath, listOf, type ObjectRef } from '../model/object-path.ts';
import { voidDigests } from '../model/pair-state.ts';
import type { PairRecords } from './pair-context.ts';

/**
 * The next inventory of the primary compares this list entry by entry. To be called before an entry of it changes. Answers the generation
 * with which the inventory that changes it may store its own digest in the end.
 */
export async function voidList(ctx: PairRecords, list: ListPath, epoch: number): Promise<number | undefined> {
  const { entry } = await ctx.ledger.updateList('primary', list, (row) => voidDigests(row, 'primary', list, epoch));
  return entry?.generation;
}

/**
 * As {@link voidList}, for the lists of several objects, each once. For an item the list of bags too: when its bag is gone from the primary,
 * nothing else tells that the item is.
 */
export async function voidListsOf(ctx: PairRecords, refs: readonly ObjectRef[], epoch: number): Promise<void> {
  const lists = refs.flatMap((ref): ListPath[] =>
    ref.kind === 'data_bag_item' ? [listOf(ref), '/data'] : [listOf(ref)],
  );
  for (const list of new Set(lists)) await voidList(ctx, list, epoch);
}
