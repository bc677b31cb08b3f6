import type { UpdateResult } from '../ports/ledger.ts';
import type { StateFile } from './sqlite-state-file.ts';

/**
 * Replaces a record by `decide(record as it is now)` under the file's write lock: `decide` is called exactly once, and what it saw is what
 * is replaced, whatever other processes do. Undefined leaves the record untouched.
 */
export function updateRecord<T>(
  file: StateFile,
  read: () => T | undefined,
  decide: (record: T | undefined) => T | undefined,
  write: (next: T) => void,
): UpdateResult<T> {
  return file.transaction(() => {
    const record = read();
    const next = decide(record);
    if (next === undefined) return { isChanged: false, entry: record };
    write(next);
    return { isChanged: true, entry: next };
  });
}
