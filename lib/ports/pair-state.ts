import type { PairState } from '../model/pair-state.ts';
import type { UpdateResult } from './ledger.ts';

/** The state record of one pair. */
export interface PairStateStore {
  read(): Promise<PairState | undefined>;
  /** As `Ledger.update`: atomic, `decide` is pure and may be called again; undefined leaves the record untouched. */
  update(decide: (state: PairState | undefined) => PairState | undefined): Promise<UpdateResult<PairState>>;
}
