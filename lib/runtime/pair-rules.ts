import type { PairSettings } from '../config/organization-pair.ts';
import { filterHash, objectFilter, wantedBags, wantedLists } from '../plan/object-filter.ts';
import type { PairRules } from '../sync/pair-context.ts';

/** A pair's settings as the use cases understand them. */
export function pairRules(settings: PairSettings): PairRules {
  return {
    source: settings.source,
    startsWithCopy: settings.bootstrap,
    drift: settings.drift,
    inventoryShare: settings.inventoryShare,
    pollSeconds: settings.pollSeconds,
    filterHash: filterHash(settings),
    isWanted: objectFilter(settings),
    isBagWanted: wantedBags(settings),
    lists: wantedLists(settings),
  };
}
