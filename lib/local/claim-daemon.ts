import { existsSync, realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SyncError } from '../model/sync-error.ts';
import { numberOf, type StateFile, textOf } from './sqlite-state-file.ts';
import { stateFileProblem, translated } from './state-file-problem.ts';

/** A process that works on a state file. */
export interface Daemon {
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The pairs it polls, whatever the configuration says by now. */
  readonly pairs: readonly string[];
  /** What became of the configuration when it was last told to read it again; undefined: it never was. */
  readonly reload?: Reload;
}

/** A configuration that a daemon read while it was running. */
export interface Reload {
  /** When it began to read, milliseconds since 1970. */
  readonly at: number;
  /** `Config.textHash` of the one that it follows since, or why it goes on with the one before: a sentence for each reason. */
  readonly outcome: { readonly textHash: string } | { readonly refusal: readonly string[] };
}

/** {@link runningDaemon} holds the lock for microseconds; a daemon that starts just then waits for it. */
const LOOK_TIMEOUT_MS = 200;

const lockOf = (file: StateFile): string => `${realpathSync(file.path)}-lock`;

/**
 * Makes this process the one daemon of the state file, for these pairs, until the returned function is called, or let go for the garbage
 * collector, or the process ends. While another one is, it throws a sentence that names that process.
 *
 * The claim is the operating system's lock on the empty file `STATE-lock`, taken through SQLite. The kernel frees it however a process
 * dies, so `kill -9` leaves no heartbeat to wait for, and neither a process id that was given again nor one of another container is ever
 * taken for a daemon. The id in the state file serves the sentence only.
 */
export function claimDaemon(file: StateFile, now: number, pairs: readonly string[] = []): () => void {
  const lock = translated(file.path, () => new DatabaseSync(lockOf(file), { timeout: LOOK_TIMEOUT_MS }));
  try {
    translated(file.path, () => lock.exec('BEGIN EXCLUSIVE'));
    file.write(
      'INSERT OR REPLACE INTO daemon (only, pid, started_at, pairs) VALUES (1, ?, ?, ?)',
      process.pid,
      now,
      JSON.stringify(pairs),
    );
  } catch (error) {
    const isClaimed = !lock.isTransaction && error instanceof SyncError && error.code === 'STATE_FILE_LOCKED';
    lock.close();
    throw isClaimed ? stateFileProblem(file.path, 'in-use', daemonText(lastDaemon(file)), { cause: error }) : error;
  }
  return () => lock.close();
}

/** The daemon polls other pairs from now on. Called by the process that claimed the file. */
export function notePolledPairs(file: StateFile, pairs: readonly string[]): void {
  file.write('UPDATE daemon SET pairs = ?', JSON.stringify(pairs));
}

/** Tells whoever watches {@link runningDaemon} what became of a configuration. Called by the process that claimed the file. */
export function noteReload(file: StateFile, reload: Reload): void {
  file.write('UPDATE daemon SET reload = ?', JSON.stringify(reload));
}

/** The daemon of the state file, if one is running. Never claims the file and keeps no daemon from starting. */
export function runningDaemon(file: StateFile): Daemon | undefined {
  if (!existsSync(lockOf(file))) return undefined;
  const lock = new DatabaseSync(lockOf(file), { readOnly: true });
  try {
    translated(file.path, () => lock.prepare('SELECT count(*) FROM sqlite_schema').get());
    return undefined;
  } catch (error) {
    if (error instanceof SyncError && error.code === 'STATE_FILE_LOCKED') return lastDaemon(file);
    throw error;
  } finally {
    lock.close();
  }
}

/** Who claimed the file last; undefined while the first one is just starting. */
function lastDaemon(file: StateFile): Daemon | undefined {
  const row = file.row('SELECT pid, started_at, pairs, reload FROM daemon');
  if (row === undefined) return undefined;
  return {
    pid: numberOf(row, 'pid'),
    startedAt: numberOf(row, 'started_at'),
    pairs: JSON.parse(textOf(row, 'pairs')),
    ...(row['reload'] !== null && { reload: JSON.parse(textOf(row, 'reload')) }),
  };
}

/** A daemon for the reader. */
function daemonText(daemon: Daemon | undefined): string {
  if (daemon === undefined) return 'just starting';
  return `process ${daemon.pid}, since ${new Date(daemon.startedAt).toISOString()}`;
}
