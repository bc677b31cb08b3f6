import type { PairState } from '../../lib/model/pair-state.ts';
import type { PairStateStore } from '../../lib/ports/pair-state.ts';

/** The state record of one pair in a variable, for simulation. Every call takes effect at once, before its promise is handed out. */
export function createMemoryPairState(): PairStateStore {
  let state: PairState | undefined;

  return {
    read: async () => state,
    async update(decide) {
      const next = decide(state);
      if (next === undefined) return { isChanged: false, entry: state };
      state = next;
      return { isChanged: true, entry: next };
    },
  };
}
