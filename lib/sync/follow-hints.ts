import { OBJECT_KINDS } from '../model/object-kind.ts';
import { trustedRef } from '../model/object-path.ts';
import type { PairContext } from './pair-context.ts';
import { takeChanges, type ToldChange } from './take-changes.ts';

/**
 * Puts what events told of into the ledger. A hint is removed after its observation, and only if no later one of the object took its
 * place meanwhile: a crash in between observes it twice, which costs one comparison.
 */
export async function followHints(ctx: PairContext, epoch: number): Promise<void> {
  const hints = await ctx.ledger.hints();
  if (hints.length === 0) return;
  const changes = hints.map(({ path, action }) => ({ ref: trustedRef(path), action })).filter(isTaken);
  const taken = await takeChanges(ctx, changes, 'hint', epoch);
  for (const hint of hints) await ctx.ledger.removeHint(hint);
  ctx.log('info', 'events told of changes', { objects: taken });
}

/**
 * Events come in any order, or not at all. That of the role which no longer names a cookbook may be missing while that of the cookbook's
 * delete is here, so the inventory, which reads the definitions too, finds the delete.
 */
const isTaken = ({ ref, action }: ToldChange): boolean =>
  action !== 'delete' || !OBJECT_KINDS[ref.kind].isNamedByDefinitions;
