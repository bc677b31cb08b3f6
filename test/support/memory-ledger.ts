import type { Hint } from '../../lib/model/hint.ts';
import { type LedgerEntry, unsyncedBucket } from '../../lib/model/ledger-entry.ts';
import { type ListPath, listOf, type ObjectPath, trustedRef } from '../../lib/model/object-path.ts';
import type { DeletePlan, ListRow } from '../../lib/model/pair-state.ts';
import type { Side } from '../../lib/model/side.ts';
import type { Ledger, UpdateResult } from '../../lib/ports/ledger.ts';

/** The ledger of one pair on plain maps, for simulation. Every call takes effect at once, before its promise is handed out. */
export function createMemoryLedger(): Ledger {
  const entries = new Map<ObjectPath, LedgerEntry>();
  const lists: Readonly<Record<Side, Map<ListPath, ListRow>>> = { primary: new Map(), replica: new Map() };
  const hints = new Map<ObjectPath, Hint>();
  const plans = new Map<string, DeletePlan>();

  return {
    read: async (path) => entries.get(path),

    update: async (path, decide) => updateKey(entries, path, decide),

    async unsynced(bucket, { limit, after }) {
      const places = [...entries.values()]
        .filter((entry) => unsyncedBucket(entry) === bucket)
        .map((entry) => ({ entry, place: placeOf(entry) }))
        .filter(({ place }) => after === undefined || place > after)
        .sort((a, b) => (a.place < b.place ? -1 : 1))
        .slice(0, limit);
      const page = places.map(({ entry }) => entry);
      return page.length === limit ? { entries: page, next: places.at(-1)?.place } : { entries: page };
    },

    hasUnsynced: async () => [...entries.values()].some((entry) => unsyncedBucket(entry) !== undefined),

    countUnsynced: async (bucket) => [...entries.values()].filter((entry) => unsyncedBucket(entry) === bucket).length,

    entriesOf: async (list) => [...entries.values()].filter((entry) => listOf(trustedRef(entry.path)) === list),
    versionsOf: async (cookbook) =>
      [...entries.values()].filter(({ path }) => path.startsWith(`/cookbooks/${cookbook}/`)),

    readList: async (side, list) => lists[side].get(list),
    updateList: async (side, list, decide) => updateKey(lists[side], list, decide),
    lists: async (side) => [...lists[side].values()],
    removeList: async (side, list) => void lists[side].delete(list),

    hints: async () => [...hints.values()],
    writeHint: async (hint) => void hints.set(hint.path, hint),
    removeHint: async ({ path, id }) => {
      if (hints.get(path)?.id === id) hints.delete(path);
    },

    plans: async () => [...plans.values()],
    writePlan: async (plan) => void plans.set(plan.id, plan),
    removePlan: async (id) => void plans.delete(id),
  };
}

/** Sorts as time, then path: milliseconds have 13 digits until the year 2286, and simulated clocks fewer. */
const placeOf = (entry: LedgerEntry): string => `${String(entry.pendingSince ?? 0).padStart(16, '0')}${entry.path}`;

function updateKey<K, T>(map: Map<K, T>, key: K, decide: (value: T | undefined) => T | undefined): UpdateResult<T> {
  const entry = map.get(key);
  const next = decide(entry);
  if (next === undefined) return { isChanged: false, entry };
  map.set(key, next);
  return { isChanged: true, entry: next };
}
