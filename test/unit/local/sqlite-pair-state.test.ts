import { describe, expect, it } from 'vitest';
import { createSqliteLedger } from '../../../lib/local/sqlite-ledger.ts';
import { createSqlitePairState, forgetPair, listPairs } from '../../../lib/local/sqlite-pair-state.ts';
import type { StateFile } from '../../../lib/local/sqlite-state-file.ts';
import { newPairState } from '../../../lib/model/pair-state.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { openTemporaryStateFile } from '../../support/temporary-state-file.ts';

async function addPair(file: StateFile, name: string): Promise<void> {
  const ledger = createSqliteLedger(file, name);
  await createSqlitePairState(file, name).update(() => newPairState(1, 'hash', 'copy'));
  await ledger.update('/roles/web', () => pendingEntry('/roles/web', 1));
  await ledger.updateList('replica', '/roles', () => ({ side: 'replica', list: '/roles', epoch: 1, generation: 1 }));
  await ledger.writePlan({ id: 'p', kind: 'role', at: 1, reason: 'r', count: 1, samples: [] });
}

describe('listPairs and forgetPair', () => {
  it('names the pairs that were ever polled, sorted', async () => {
    const { file, remove } = openTemporaryStateFile();
    expect(listPairs(file)).toEqual([]);
    await addPair(file, 'us/acme');
    await addPair(file, 'eu/acme');

    expect(listPairs(file)).toEqual(['eu/acme', 'us/acme']);
    remove();
  });

  it('forgets everything of one pair and nothing of the others', async () => {
    const { file, remove } = openTemporaryStateFile();
    await addPair(file, 'eu/acme');
    await addPair(file, 'eu/acme-copy');

    forgetPair(file, 'eu/acme');

    const forgotten = createSqliteLedger(file, 'eu/acme');
    expect(listPairs(file)).toEqual(['eu/acme-copy']);
    expect(await createSqlitePairState(file, 'eu/acme').read()).toBeUndefined();
    expect(await forgotten.entriesOf('/roles')).toEqual([]);
    expect(await forgotten.lists('replica')).toEqual([]);
    expect(await forgotten.plans()).toEqual([]);
    const kept = createSqliteLedger(file, 'eu/acme-copy');
    expect(await kept.countUnsynced(2)).toBe(1);
    expect(await kept.lists('replica')).toHaveLength(1);
    expect(await kept.plans()).toHaveLength(1);
    remove();
  });
});
