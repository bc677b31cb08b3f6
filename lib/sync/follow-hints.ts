import { OBJECT_KINDS } from '../model/object-kind.ts';
import { trustedRef } from '../model/object-path.ts';
import type { PairState } from '../model/pair-state.ts';
import type { PairContext } from './pair-context.ts';
import { type ToldChange, takeChanges } from './take-changes.ts';

/**
 * Puts what events told of into the ledger. A hint is removed after its observation, and only if no later one of the object took its
 * place meanwhile: a crash in between observes it twice, which costs one comparison.
 */
export async function followHints(ctx: PairContext, { epoch, inventory }: PairState): Promise<void> {
  const hints = await ctx.ledger.hints();
  if (hints.length === 0) return;
  const changes = hints.map(({ path, action }): ToldChange => {
    const ref = trustedRef(path);
    // Events come in any order, or not at all: that of the role which no longer names the cookbook may be missing. So its delete waits, as if
    // the last inventory had missed it, until a later one has read the roles.
    const isAwaited = action === 'delete' && OBJECT_KINDS[ref.kind].isNamedByDefinitions;
    return { ref, action, absent: isAwaited ? inventory.primary.number : undefined };
  });
  const taken = await takeChanges(ctx, changes, 'hint', epoch);
  for (const hint of hints) await ctx.ledger.removeHint(hint);
  ctx.log('info', 'events told of changes', { objects: taken });
}
