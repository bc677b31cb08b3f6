import type { ListPath } from '../model/object-path.ts';
import { guidText, isTakingBaseline, type PairState, type Pass } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';

/** What the comparison of one list needs to know of its pass. */
export interface ListPass extends Pick<Pass, 'scope' | 'isFull' | 'after'> {
  readonly number: number;
  readonly firstOfEpoch: number;
  /** Absences noted by this number or a later one belong to this poll: they cannot confirm themselves. */
  readonly firstOfPoll: number;
  /** Number of the last finished pass of the same scope on this side. */
  readonly previousNumber?: number;
  readonly epoch: number;
  readonly trustFrom: number;
  /** Guid of the destination. */
  readonly destination: string;
  /** `bootstrap: false` and the baseline is not complete: what is new is taken as it is. */
  readonly takesBaseline: boolean;
}

/** The pass of a side, for one of the lists that are compared while the pair is in this state. */
export function listPass(
  state: PairState,
  { side, list, pass, firstOfPoll }: { side: Side; list: ListPath; pass: Pass; firstOfPoll: number },
): ListPass {
  const progress = state.inventory[side];
  return {
    scope: pass.scope,
    isFull: pass.isFull,
    after: list === pass.nextList ? pass.after : undefined,
    number: progress.number,
    firstOfEpoch: progress.firstOfEpoch,
    firstOfPoll,
    previousNumber: progress[pass.scope]?.number,
    epoch: state.epoch,
    trustFrom: state.trustFrom,
    destination: guidText(state.guids.replica),
    takesBaseline: isTakingBaseline(state),
  };
}
