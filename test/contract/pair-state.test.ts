import { createSqlitePairState } from '../../lib/local/sqlite-pair-state.ts';
import type { PairStateStore } from '../../lib/ports/pair-state.ts';
import { createMemoryPairState } from '../support/memory-pair-state.ts';
import { openTemporaryStateFile } from '../support/temporary-state-file.ts';
import { describePairState } from './pair-state.contract.ts';

describePairState('memory', async () => {
  const stores = new Map<string, PairStateStore>();
  return {
    stateOf(pairName) {
      const store = stores.get(pairName) ?? createMemoryPairState();
      stores.set(pairName, store);
      return store;
    },
    close: async () => {},
  };
});

describePairState('SQLite', async () => {
  const { file, remove } = openTemporaryStateFile();
  return { stateOf: (pairName) => createSqlitePairState(file, pairName), close: async () => remove() };
});
