import { existsSync, realpathSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { SyncError } from '../model/sync-error.ts';
import { stateFileProblem, translated } from './state-file-problem.ts';

/** "Chef" in ASCII, in the header of every state file: tells ours from a database of another program. */
const APPLICATION_ID = 0x43686566;

/**
 * Step `i` takes a file from schema version `i` to `i + 1`; a new file takes all of them. A released step is never edited. Bodies are the
 * JSON of the model's records: a change of their shape is a step too (SQLite's JSON functions rewrite them), so readers know one shape only.
 */
export const STATE_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE pair (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE entry (
    pair TEXT NOT NULL,
    path TEXT NOT NULL,
    list TEXT NOT NULL,
    bucket TEXT,
    since INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (pair, path)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX entry_unsynced ON entry (pair, bucket, since, path) WHERE bucket IS NOT NULL;
  CREATE INDEX entry_list ON entry (pair, list);

  CREATE TABLE list (
    pair TEXT NOT NULL,
    side TEXT NOT NULL,
    list TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (pair, side, list)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE plan (
    pair TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (pair, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE hint (
    pair TEXT NOT NULL,
    path TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (pair, path)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE daemon (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL
  ) STRICT;
  `,
  "ALTER TABLE daemon ADD COLUMN pairs TEXT NOT NULL DEFAULT '[]'",
  'ALTER TABLE daemon ADD COLUMN reload TEXT',
];

/**
 * A settled tombstone remembers the version and the feed id of a deleted object; a month later no event and no message of it is under way
 * any more. Live entries stay for ever: only what the ledger knows to be ours is ever deleted.
 */
const TOMBSTONE_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

/** Writers hold the file for well under a millisecond; who waits longer than this meets a stopped process, and has blocked its own loop. */
const BUSY_TIMEOUT_MS = 5_000;

/** Together one second, for a switch that takes milliseconds. */
const WAL_ATTEMPTS = 50;
const WAL_PAUSE_MS = 20;

/** Names and values of one row's columns. */
export type StateRow = Readonly<Record<string, SQLOutputValue>>;

/**
 * The one SQLite file that holds ledger and state of every pair. Every method throws a `SyncError` whose sentence names the file when it
 * is locked, full, damaged or not writable. Several processes may have it open; readers never wait for writers.
 */
export interface StateFile {
  readonly path: string;
  /** The first row, if any. `sql` is a constant: its prepared statement is kept. */
  row(sql: string, ...parameters: SQLInputValue[]): StateRow | undefined;
  rows(sql: string, ...parameters: SQLInputValue[]): readonly StateRow[];
  write(sql: string, ...parameters: SQLInputValue[]): void;
  /** Runs `work` with the file's write lock: nobody else writes meanwhile, and nothing of it remains when it throws. Does not nest. */
  transaction<T>(work: () => T): T;
  close(): void;
}

export interface OpenOptions {
  /** Another list of steps than {@link STATE_MIGRATIONS}, to test the way from one version to the next. */
  readonly migrations?: readonly string[];
  readonly busyTimeoutMs?: number;
}

/**
 * Opens the state file for reading and writing: created when missing, brought to the current schema version in place, freed of tombstones
 * that settled 30 days before `now`. Refuses files of a newer version and of other programs, and leaves those untouched.
 */
export function openStateFile(path: string, options: OpenOptions & { readonly now: number }): StateFile {
  const { migrations = STATE_MIGRATIONS } = options;
  return opened(path, { readOnly: false, ...options }, (file, database) => {
    readVersion(file, migrations);
    switchToWal(file);
    // NORMAL syncs at checkpoints only. A killed process loses nothing, a power cut the last commits but never one in the middle: ledger
    // and cursor are in this one file, so what is left is an earlier consistent state, whose work is compared with the replica again.
    // FULL would cost an fsync for each of the three or four writes of every copied object.
    file.write('PRAGMA synchronous = NORMAL');
    migrate(file, database, migrations);
    file.write(
      `DELETE FROM entry WHERE bucket IS NULL AND body ->> 'action' = 'delete' AND body ->> 'settledAt' < ?`,
      options.now - TOMBSTONE_LIFE_MS,
    );
  });
}

/**
 * Opens an existing state file for commands that only look. Never creates, migrates or writes it; a daemon may be at work on it. Needs no
 * permission to write, neither on the file nor on its folder. Keep it open for no longer than a look takes.
 */
export function openStateFileForReading(path: string, options: OpenOptions = {}): StateFile {
  try {
    return openExisting(path, { ...options, readOnly: true });
  } catch (error) {
    const { code } = error instanceof SyncError ? error : {};
    if (code === 'STATE_FILE_UNWRITABLE' && isAtRest(path)) {
      return openExisting(path, { ...options, readOnly: true, isImmutable: true });
    }
    const isForbidden = code === 'STATE_FILE_UNWRITABLE' || (code === 'STATE_FILE_UNOPENABLE' && isFile(path));
    throw isForbidden ? stateFileProblem(path, 'forbidden', '', { cause: error }) : error;
  }
}

/**
 * Whether everything is in the file itself, as its last writer left it when it closed it. To read with a write-ahead log SQLite makes that log
 * when there is none, which a reader who may not write in the folder cannot; an immutable file it reads without.
 */
function isAtRest(path: string): boolean {
  try {
    return !existsSync(`${realpathSync(path)}-wal`);
  } catch {
    return false;
  }
}

/**
 * Opens an existing state file for commands that steer pairs. Never creates or migrates it; a daemon may be at work on it. What is written
 * is on the disk at once: an operator's word survives a power cut.
 */
export function openStateFileForSteering(path: string, options: OpenOptions = {}): StateFile {
  return openExisting(path, { ...options, readOnly: false });
}

interface HowToOpen extends OpenOptions {
  readonly readOnly: boolean;
  /** Nobody writes the file while it is open, so SQLite need not look for a log or lock it. */
  readonly isImmutable?: boolean;
}

function openExisting(path: string, options: HowToOpen): StateFile {
  const { migrations = STATE_MIGRATIONS } = options;
  refuseMissing(path);
  return opened(path, options, (file) => {
    const version = readVersion(file, migrations);
    if (version < migrations.length) throw stateFileProblem(path, version === 0 ? 'missing' : 'older');
  });
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** A folder that this user may not look into is another matter than a file that is not there. */
function refuseMissing(path: string): void {
  try {
    statSync(path);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw stateFileProblem(path, isMissing ? 'missing' : 'unopenable');
  }
}

/** The text in a column; throws when the column holds none, which is a fault of ours. */
export function textOf(row: StateRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`the state file has no text in column ${column}`);
  return value;
}

/** The number in a column; throws when the column holds none, which is a fault of ours. */
export function numberOf(row: StateRow | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== 'number') throw new Error(`the state file has no number in column ${column}`);
  return value;
}

/** Opens the database and prepares it; what `prepare` throws leaves it closed. */
function opened(
  path: string,
  { readOnly, isImmutable = false, busyTimeoutMs = BUSY_TIMEOUT_MS }: HowToOpen,
  prepare: (file: StateFile, database: DatabaseSync) => void,
): StateFile {
  const attempt = <T>(work: () => T): T => translated(path, work);
  const location = isImmutable ? new URL('?immutable=1', pathToFileURL(path)) : path;
  const database = attempt(() => new DatabaseSync(location, { readOnly, timeout: busyTimeoutMs }));
  const statements = new Map<string, StatementSync>();
  function statement(sql: string): StatementSync {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const prepared = database.prepare(sql);
    statements.set(sql, prepared);
    return prepared;
  }

  const file: StateFile = {
    path,
    row: (sql, ...parameters) => attempt(() => statement(sql).get(...parameters)),
    rows: (sql, ...parameters) => attempt(() => statement(sql).all(...parameters)),
    write: (sql, ...parameters) => void attempt(() => statement(sql).run(...parameters)),
    transaction(work) {
      file.write('BEGIN IMMEDIATE');
      try {
        const result = work();
        file.write('COMMIT');
        return result;
      } catch (error) {
        // SQLite has rolled back by itself after some errors, a full disk among them.
        if (database.isTransaction) file.write('ROLLBACK');
        throw error;
      }
    },
    close: () => database.close(),
  };
  try {
    prepare(file, database);
  } catch (error) {
    database.close();
    throw error;
  }
  return file;
}

/** The schema version of a file of ours, 0 for a new one. */
function readVersion(file: StateFile, migrations: readonly string[]): number {
  const version = numberOf(file.row('PRAGMA user_version'), 'user_version');
  const isEmpty = numberOf(file.row('SELECT count(*) AS tables FROM sqlite_schema'), 'tables') === 0;
  if (isEmpty && version === 0) return 0;
  const isOurs = numberOf(file.row('PRAGMA application_id'), 'application_id') === APPLICATION_ID;
  if (!isOurs) throw stateFileProblem(file.path, 'foreign');
  if (version > migrations.length) {
    throw stateFileProblem(
      file.path,
      'newer',
      `version ${version}, and this program knows versions up to ${migrations.length}`,
    );
  }
  return version;
}

/**
 * Readers and the writer then never wait for each other. Unlike all other statements the switch of a new file does not wait for its lock:
 * of four processes that opened one new file at once, one in 48 was refused. The others need milliseconds, so it asks again.
 */
function switchToWal(file: StateFile): void {
  for (let attempt = 1; ; attempt++) {
    try {
      file.row('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      const isLocked = error instanceof SyncError && error.code === 'STATE_FILE_LOCKED';
      if (!isLocked || attempt === WAL_ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAL_PAUSE_MS);
    }
  }
}

/** Takes the steps that are missing, all or none. The version is read again under the lock: another process may have been quicker. */
function migrate(file: StateFile, database: DatabaseSync, migrations: readonly string[]): void {
  if (readVersion(file, migrations) === migrations.length) return;
  file.transaction(() => {
    const missing = migrations.slice(readVersion(file, migrations));
    for (const step of missing) translated(file.path, () => database.exec(step));
    file.write(`PRAGMA application_id = ${APPLICATION_ID}`);
    file.write(`PRAGMA user_version = ${migrations.length}`);
  });
}
