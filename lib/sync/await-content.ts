import pMap from 'p-map';
import { waitForContent } from '../model/ledger-entry.ts';
import { objectRef, trustedRef } from '../model/object-path.ts';
import type { PairState } from '../model/pair-state.ts';
import { isMetBy, type NamedCookbook, namedCookbooks } from '../plan/named-cookbooks.ts';
import { isAssumedThere } from '../plan/replica-evidence.ts';
import type { Source } from './apply-upsert.ts';
import type { Begun, CopyOutcome } from './copy-attempt.ts';
import { mayNameContent, type PairContext } from './pair-context.ts';
import { voidListsOf } from './void-list.ts';

/** Cookbooks of one definition that are looked up at a time; an environment may pin hundreds. */
const LOOKUPS_AT_ONCE = 8;

/**
 * Whether the definition, as its copier found it, names a cookbook that the replica is not known to have. One that an inventory saw in this
 * form has nothing to wait for any more: the cookbooks were listed after that, and came with its run or fail
 * (docs/decisions/0007, 0008).
 */
export async function mustAwaitContent(
  ctx: PairContext,
  { entry, state }: Begun,
  { ref, object, fingerprint }: Source,
): Promise<boolean> {
  if (!mayNameContent(ctx, ref) || entry.seen === fingerprint) return false;
  const named = namedCookbooks(ref.kind, object.text).filter((cookbook) => isReplicated(ctx, cookbook));
  const areThere = await pMap(named, (cookbook) => isThere(ctx, cookbook, state), {
    concurrency: LOOKUPS_AT_ONCE,
  });
  return areThere.includes(false);
}

/** The definition waits until the primary's cookbooks were listed once more, and are copied. Nothing is written. */
export async function awaitContent(ctx: PairContext, { entry, state }: Begun, source: Source): Promise<CopyOutcome> {
  await voidListsOf(ctx, [source.ref], state.epoch);
  const found = { seen: source.fingerprint, now: ctx.clock.now() };
  await ctx.ledger.update(entry.path, (current) => waitForContent(current, entry.version, found));
  return 'waiting';
}

/** The least version there can be: it stands for any version when the filter is asked about a cookbook. */
const ANY_VERSION = '0.0.0';

/** No list will ever show a cookbook that is outside of the filter, or that no Chef server can have. */
function isReplicated(ctx: PairContext, { name }: NamedCookbook): boolean {
  const ref = objectRef('cookbook_version', [name, ANY_VERSION]);
  return !('unknown' in ref) && ctx.rules.isWanted(ref);
}

async function isThere(ctx: PairContext, cookbook: NamedCookbook, state: PairState): Promise<boolean> {
  const versions = await ctx.ledger.versionsOf(cookbook.name);
  return versions.some((entry) => isMetBy(cookbook, trustedRef(entry.path).name) && isAssumedThere(entry, state));
}
