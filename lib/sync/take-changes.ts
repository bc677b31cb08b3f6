import { isLive, type Observation, observe } from '../model/ledger-entry.ts';
import { listOf, type ObjectRef, trustedRef } from '../model/object-path.ts';
import type { Action } from '../model/phase.ts';
import type { PairContext } from './pair-context.ts';
import { voidListsOf } from './void-list.ts';

/** A change that something other than an inventory told of. */
export interface ToldChange {
  readonly ref: ObjectRef;
  readonly action: Action;
  readonly feedId?: string;
  /** As in the entry. */
  readonly absent?: number;
}

/**
 * Puts told changes into the ledger: upserts pending, deletes held, a bag's delete with its items. Objects outside the filter are left
 * alone. The digests of the lists concerned are voided first, so that a crash in between only costs a comparison. Answers how many
 * entries have a new version.
 */
export async function takeChanges(
  ctx: PairContext,
  changes: readonly ToldChange[],
  by: Observation['by'],
  epoch: number,
): Promise<number> {
  const wanted = changes.filter(({ ref }) => ctx.rules.isWanted(ref));
  if (wanted.length === 0) return 0;
  const all = (await Promise.all(wanted.map((change) => withMembers(ctx, change)))).flat();
  await voidListsOf(
    ctx,
    all.map(({ ref }) => ref),
    epoch,
  );
  await noteBags(ctx, wanted, by, epoch);
  let taken = 0;
  for (const { ref, action, feedId, absent } of all) {
    const now = ctx.clock.now();
    const { isChanged } = await ctx.ledger.update(ref.path, (entry) =>
      observe(entry, { path: ref.path, action, epoch, now, by, feedId, absent }),
    );
    if (isChanged) taken += 1;
  }
  return taken;
}

/**
 * The data bag of every item gets an entry of its own. Without one nothing would tell that the items went with a bag that was made and deleted
 * between two looks.
 */
async function noteBags(
  ctx: PairContext,
  changes: readonly ToldChange[],
  by: Observation['by'],
  epoch: number,
): Promise<void> {
  const items = changes.filter(({ ref, action }) => ref.kind === 'data_bag_item' && action === 'upsert');
  for (const path of new Set(items.map(({ ref }) => listOf(ref)))) {
    if (!ctx.rules.isWanted(trustedRef(path))) continue;
    const now = ctx.clock.now();
    await ctx.ledger.update(path, (entry) =>
      entry === undefined ? observe(entry, { path, action: 'upsert', epoch, now, by }) : undefined,
    );
  }
}

/** A deleted data bag took its items along: each is a delete candidate of its own. */
async function withMembers(ctx: PairContext, change: ToldChange): Promise<readonly ToldChange[]> {
  if (change.action !== 'delete' || change.ref.kind !== 'data_bag') return [change];
  const items = await ctx.ledger.entriesOf(`${listOf(change.ref)}/${change.ref.name}`);
  return [
    ...items
      .filter(isLive)
      .map((entry) => ({ ref: trustedRef(entry.path), action: 'delete' as const, feedId: change.feedId })),
    change,
  ];
}
