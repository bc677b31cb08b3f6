import { createSqliteLedger } from '../../lib/local/sqlite-ledger.ts';
import type { Ledger } from '../../lib/ports/ledger.ts';
import { createMemoryLedger } from '../support/memory-ledger.ts';
import { openTemporaryStateFile } from '../support/temporary-state-file.ts';
import { describeLedger } from './ledger.contract.ts';

describeLedger('memory', async () => {
  const ledgers = new Map<string, Ledger>();
  return {
    ledgerOf(pairName) {
      const ledger = ledgers.get(pairName) ?? createMemoryLedger();
      ledgers.set(pairName, ledger);
      return ledger;
    },
    close: async () => {},
  };
});

describeLedger('SQLite', async () => {
  const { file, remove } = openTemporaryStateFile();
  return { ledgerOf: (pairName) => createSqliteLedger(file, pairName), close: async () => remove() };
});
