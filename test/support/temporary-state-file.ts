import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStateFile, type StateFile } from '../../lib/local/sqlite-state-file.ts';

/** A path for a state file, in a new folder of its own. `remove` removes the folder. */
export function temporaryStatePath(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-state-'));
  return { path: join(folder, 'chef-sync.db'), remove: () => rmSync(folder, { recursive: true }) };
}

/** A new state file in a new folder. `remove` closes it and removes the folder. */
export function openTemporaryStateFile(): { readonly file: StateFile; remove(): void } {
  const { path, remove } = temporaryStatePath();
  const file = openStateFile(path, { now: 0 });
  return {
    file,
    remove() {
      file.close();
      remove();
    },
  };
}
