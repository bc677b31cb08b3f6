import { realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SyncError } from '../model/sync-error.ts';
import { numberOf, type StateFile } from './sqlite-state-file.ts';
import { stateFileProblem, translated } from './state-file-problem.ts';

/**
 * Makes this process the one daemon of the state file until the returned function is called or the process ends. While another one is, it
 * throws a sentence that names that process.
 *
 * The claim is the operating system's lock on the empty file `STATE-lock`, taken through SQLite. The kernel frees it however a process
 * dies, so `kill -9` leaves no heartbeat to wait for, and neither a process id that was given again nor one of another container is ever
 * taken for a daemon. The id in the state file serves the sentence only.
 */
export function claimDaemon(file: StateFile, now: number): () => void {
  const lock = translated(file.path, () => new DatabaseSync(`${realpathSync(file.path)}-lock`));
  try {
    translated(file.path, () => lock.exec('BEGIN EXCLUSIVE'));
    file.write('INSERT OR REPLACE INTO daemon (only, pid, started_at) VALUES (1, ?, ?)', process.pid, now);
  } catch (error) {
    const isClaimed = !lock.isTransaction && error instanceof SyncError && error.code === 'STATE_FILE_LOCKED';
    lock.close();
    throw isClaimed ? stateFileProblem(file.path, 'in-use', daemonOf(file), { cause: error }) : error;
  }
  return () => lock.close();
}

/** Who claimed the file last, for the reader. */
function daemonOf(file: StateFile): string {
  const row = file.row('SELECT pid, started_at FROM daemon');
  if (row === undefined) return 'just starting';
  return `process ${numberOf(row, 'pid')}, since ${new Date(numberOf(row, 'started_at')).toISOString()}`;
}
