import { isPaused, newPairState, type PairState } from '../model/pair-state.ts';
import type { PairContext } from './pair-context.ts';

/** The poll lost its lease to another one, or an operator stopped the pair: it writes nothing more. */
export class LeaseLostError extends Error {
  constructor(pair: string) {
    super(`the poll of ${pair} lost its lease`);
    this.name = 'LeaseLostError';
  }
}

/** A poll's right to write the pair's state. */
export interface PollLease {
  /** The state as this poll last wrote or read it. */
  readonly state: () => PairState;
  /** Changes the state, unless the lease is lost or the pair was stopped: then it throws `LeaseLostError` and nothing is written. */
  readonly write: (change: (state: PairState) => PairState) => Promise<PairState>;
  /**
   * Changes the state for this poll at once, and in the store with the next write: for what may get lost when the poll dies. So an idle
   * poll writes only when it begins and when it ends. The change may be applied twice.
   */
  readonly note: (change: (state: PairState) => PairState) => void;
  /** Writes what was noted, if anything was. Throws as `write` does. */
  readonly store: () => Promise<void>;
  /** Reads the state again; throws `LeaseLostError` when the lease is lost or the pair was stopped. */
  readonly check: () => Promise<PairState>;
  /** Changes the state and gives the lease back; without effect when it is lost. */
  readonly release: (change: (state: PairState) => PairState) => Promise<void>;
}

/** Why a poll did not begin. */
export type NoLease = { readonly refused: 'stopped' | 'paused' | 'leased' };

/** Why no poll of the pair may begin now; undefined when one may. */
export function refusedPoll(state: PairState, now: number): NoLease['refused'] | undefined {
  if (state.isStopped) return 'stopped';
  if (isPaused(state, now)) return 'paused';
  return state.leaseUntil !== undefined && state.leaseUntil > now ? 'leased' : undefined;
}

/**
 * Takes the pair's lease for `leaseMs`, making its state on the first poll ever. Nothing is written when the pair is stopped, paused or
 * leased. The token grows with each lease and fences off every later write of an older poll.
 */
export async function takeLease(ctx: PairContext, leaseMs: number): Promise<PollLease | NoLease> {
  const now = ctx.clock.now();
  let refused: NoLease['refused'] = 'leased';
  const taken = await ctx.state.update((found) => {
    const state = found ?? newPairState(now, ctx.rules.filterHash, ctx.rules.startsWithCopy ? 'copy' : 'baseline');
    const refusal = refusedPoll(state, now);
    if (refusal === undefined) return { ...state, leaseToken: state.leaseToken + 1, leaseUntil: now + leaseMs };
    refused = refusal;
    return undefined;
  });
  if (!taken.isChanged || taken.entry === undefined) return { refused };
  const token = taken.entry.leaseToken;
  let current = taken.entry;
  let noted: readonly ((state: PairState) => PairState)[] = [];

  // The lease is ours: its token is still the one we took. Time alone does not end it, only another poll that took it does.
  const isOurs = (state: PairState | undefined): state is PairState =>
    state !== undefined && state.leaseToken === token && state.leaseUntil !== undefined;

  const withNoted = (state: PairState): PairState => noted.reduce((changed, change) => change(changed), state);

  const writeNow = async (change: (state: PairState) => PairState): Promise<PairState> => {
    let written: typeof noted = [];
    const { isChanged, entry } = await ctx.state.update((state) => {
      if (!isOurs(state) || state.isStopped) return undefined;
      written = noted;
      return { ...change(withNoted(state)), leaseUntil: ctx.clock.now() + leaseMs };
    });
    if (!isChanged || entry === undefined) throw new LeaseLostError(ctx.pair);
    noted = noted.filter((one) => !written.includes(one));
    current = withNoted(entry);
    return current;
  };

  // One write after the other: of two at once the earlier could be answered last, and would be taken for the newer state.
  let last: Promise<unknown> = Promise.resolve();
  const write = (change: (state: PairState) => PairState): Promise<PairState> => {
    const mine = last.then(() => writeNow(change));
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    state: () => current,
    write,
    note: (change) => {
      noted = [...noted, change];
      current = change(current);
    },
    store: async () => {
      if (noted.length > 0) await write((state) => state);
    },
    check: async () => {
      const state = await ctx.state.read();
      if (!isOurs(state) || state.isStopped) throw new LeaseLostError(ctx.pair);
      current = withNoted(state);
      return current;
    },
    release: async (change) => {
      await ctx.state.update((state) => {
        if (!isOurs(state)) return undefined;
        const { leaseUntil, ...rest } = change(withNoted(state));
        return rest;
      });
    },
  };
}
