import type { ListPath } from '../model/object-path.ts';
import type { ListRow } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';

/** A digest that was voided since its row was read is compared once more, by the next pass: so long that may take, and no longer. */
const KNOWN_FOR_MS = 5_000;

/**
 * The ledger as the passes of one inventory use it. The rows of all lists of a side are read together, because an unchanged inventory asks
 * for each of them, up to three times; what others write to them may be seen 5 s late. Nothing is written to the ledger before the state
 * knows of the pass: no entry bears a number that another pass could be given.
 */
export function ledgerOfPass({ ledger, clock }: PairContext, lease: PollLease): Ledger {
  const known = new Map<Side, { readonly at: number; readonly rows: Promise<Map<ListPath, ListRow>> }>();

  const readRows = async (side: Side): Promise<Map<ListPath, ListRow>> =>
    new Map((await ledger.lists(side)).map((row) => [row.list, row]));

  const rowsOf = (side: Side): Promise<Map<ListPath, ListRow>> => {
    const now = clock.now();
    const found = known.get(side);
    if (found !== undefined && now - found.at < KNOWN_FOR_MS) return found.rows;
    const rows = readRows(side);
    known.set(side, { at: now, rows });
    return rows;
  };

  return {
    ...ledger,
    readList: async (side, list) => (await rowsOf(side)).get(list),
    async updateList(side, list, decide) {
      await lease.store();
      const result = await ledger.updateList(side, list, decide);
      if (result.entry !== undefined) (await known.get(side)?.rows)?.set(list, result.entry);
      return result;
    },
    async update(path, decide) {
      await lease.store();
      return await ledger.update(path, decide);
    },
  };
}
