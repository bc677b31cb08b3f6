import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newPairState } from '../../lib/model/pair-state.ts';
import type { PairStateStore } from '../../lib/ports/pair-state.ts';

/** An empty store of pair states. */
export interface PairStateStores {
  /** The state record of a pair; every call for one name gives the same record. */
  stateOf(pairName: string): PairStateStore;
  close(): Promise<void>;
}

/** What every store of pair states must do, whatever holds it. `open` makes a new, empty store. */
export function describePairState(kind: string, open: () => Promise<PairStateStores>): void {
  describe(`pair state in ${kind}`, () => {
    let stores: PairStateStores;
    let store: PairStateStore;

    beforeEach(async () => {
      stores = await open();
      store = stores.stateOf('eu/acme');
    });
    afterEach(() => stores.close());

    it('has no state before the first poll', async () => {
      expect(await store.read()).toBeUndefined();
      expect(await store.update(() => undefined)).toEqual({ isChanged: false, entry: undefined });
      expect(await store.read()).toBeUndefined();
    });

    it('gives back every part of the state as it was written', async () => {
      const state = {
        ...newPairState(1_700_000_000_000, 'hash', 'baseline'),
        guids: { primary: 'a', replica: 'none' },
        feed: {
          status: 'in use',
          cursor: { id: '98765432109876543210', path: '/roles/Grüße', action: 'update' },
          marks: [{ at: 1, id: '98765432109876543209' }],
        },
        released: [{ kind: 'role', at: 5, count: 2 }],
        lastPoll: { startedAt: 1, endedAt: 2, isComplete: false, problem: 'time was over' },
      } as const;

      expect(await store.update(() => state)).toEqual({ isChanged: true, entry: state });
      expect(await store.read()).toEqual(state);
    });

    it('leaves the state as it is, and answers it, when the decision is to do nothing', async () => {
      const state = newPairState(1, 'hash', 'copy');
      await store.update(() => state);

      expect(await store.update(() => undefined)).toEqual({ isChanged: false, entry: state });
      expect(await store.read()).toEqual(state);
    });

    it('gives the lease to exactly one of 200 polls that want it at once', async () => {
      await store.update(() => newPairState(1, 'hash', 'copy'));

      const polls = await Promise.all(
        Array.from({ length: 200 }, () =>
          store.update((state) =>
            state !== undefined && state.leaseUntil === undefined
              ? { ...state, leaseToken: state.leaseToken + 1, leaseUntil: 100 }
              : undefined,
          ),
        ),
      );

      expect(polls.filter(({ isChanged }) => isChanged)).toHaveLength(1);
      expect(await store.read()).toMatchObject({ leaseToken: 1, leaseUntil: 100 });
    });

    it('keeps the states of two pairs apart', async () => {
      await store.update(() => newPairState(1, 'hash', 'copy'));

      expect(await stores.stateOf('eu/globex').read()).toBeUndefined();
    });
  });
}
