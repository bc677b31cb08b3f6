import { writeSync } from 'node:fs';
import { createSqliteLedger } from '../../lib/local/sqlite-ledger.ts';
import { openStateFile } from '../../lib/local/sqlite-state-file.ts';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import { pendingEntry } from './pending-entry.ts';

// A process that adds one to the version of some ledger entries in turn, and prints each path and number once it is acknowledged.
// Arguments: state file, how many entries, how many updates.
const [path = '', entryCount = '', updateCount = ''] = process.argv.slice(2);
const file = openStateFile(path, { now: 0 });
const ledger = createSqliteLedger(file, 'eu/acme');

for (let i = 0; i < Number(updateCount); i++) {
  const object: ObjectPath = `/roles/r${i % Number(entryCount)}`;
  const { entry } = await ledger.update(object, (now) =>
    pendingEntry(object, i, { version: { epoch: 1, n: (now?.version.n ?? 0) + 1 } }),
  );
  writeSync(1, `${object} ${entry?.version.n}\n`);
}
file.close();
