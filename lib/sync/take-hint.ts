import type { ObjectRef } from '../model/object-path.ts';
import type { Action } from '../model/phase.ts';
import type { PairContext } from './pair-context.ts';

/**
 * Writes down that an object of the primary was written, for the next poll to look at; asks no server. Answers whether it was noted: objects
 * outside the filter are not. Nothing depends on hints: they may be lost, late, wrong or doubled.
 */
export async function takeHint(
  ctx: Pick<PairContext, 'ledger' | 'rules' | 'clock'>,
  { ref, action, id }: { readonly ref: ObjectRef; readonly action: Action; readonly id: string },
): Promise<boolean> {
  if (!ctx.rules.isWanted(ref)) return false;
  await ctx.ledger.writeHint({ path: ref.path, action, at: ctx.clock.now(), id });
  return true;
}
