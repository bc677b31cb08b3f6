import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { SyncError, type SyncErrorFacts } from '../model/sync-error.ts';

type Problem =
  | 'missing'
  | 'folder'
  | 'unopenable'
  | 'forbidden'
  | 'unwritable'
  | 'locked'
  | 'full'
  | 'unreadable'
  | 'damaged'
  | 'not-a-database'
  | 'foreign'
  | 'newer'
  | 'older'
  | 'in-use';

interface ProblemRow {
  readonly code: string;
  readonly retry: SyncErrorFacts['retry'];
  /** The sentence; `detail` is what only the place that found it knows. */
  readonly sentence: (file: string, detail: string) => string;
}

const PROBLEMS: Readonly<Record<Problem, ProblemRow>> = {
  missing: {
    code: 'STATE_FILE_MISSING',
    retry: 'later',
    sentence: (file) =>
      `There is no state in ${file} yet: "chef-sync-ctl run" creates it, or the configuration names another file.`,
  },
  unopenable: {
    code: 'STATE_FILE_UNOPENABLE',
    retry: 'never',
    sentence: (file) =>
      `The state file ${file} cannot be opened: its folder must exist, and this user must be allowed to write in it.`,
  },
  folder: {
    code: 'STATE_FILE_UNOPENABLE',
    retry: 'never',
    sentence: (file) => `The state file ${file} cannot be opened, because it is a folder: name a file as local.state.`,
  },
  forbidden: {
    code: 'STATE_FILE_UNREADABLE',
    retry: 'never',
    sentence: (file) =>
      `The state file ${file} cannot be read by this user: it needs read permission on that file and on those that begin with its name, so run this as the user of the daemon.`,
  },
  unwritable: {
    code: 'STATE_FILE_UNWRITABLE',
    retry: 'never',
    sentence: (file) =>
      `The state file ${file} cannot be written: this user needs write permission on it and on its folder.`,
  },
  locked: {
    code: 'STATE_FILE_LOCKED',
    retry: 'later',
    sentence: (file) =>
      `The state file ${file} is locked by another process that does not let go: end the program that has it open, then try again.`,
  },
  full: {
    code: 'STATE_FILE_FULL',
    retry: 'later',
    sentence: (file) =>
      `The state file ${file} cannot grow because its disk is full: nothing was lost, make room and it goes on.`,
  },
  unreadable: {
    code: 'STATE_FILE_IO',
    retry: 'later',
    sentence: (file, detail) =>
      `The disk refused to read or write the state file ${file} (${detail}): check the disk, then start again.`,
  },
  damaged: {
    code: 'STATE_FILE_DAMAGED',
    retry: 'never',
    sentence: (file, detail) =>
      `The state file ${file} is damaged (${detail}): restore it, or move it away and start again; both sides are then compared anew.`,
  },
  'not-a-database': {
    code: 'STATE_FILE_FOREIGN',
    retry: 'never',
    sentence: (file) =>
      `${file} is no state file, not even an SQLite database: name another file as local.state; this one was not touched.`,
  },
  foreign: {
    code: 'STATE_FILE_FOREIGN',
    retry: 'never',
    sentence: (file) =>
      `${file} is the database of another program: name another file as local.state; this one was not touched.`,
  },
  newer: {
    code: 'STATE_FILE_NEWER',
    retry: 'never',
    sentence: (file, detail) =>
      `The state file ${file} was written by a newer chef-sync (${detail}): install that version or a later one.`,
  },
  older: {
    code: 'STATE_FILE_OLDER',
    retry: 'later',
    sentence: (file) =>
      `The state file ${file} was written by an older chef-sync: "chef-sync-ctl run" brings it up to date.`,
  },
  'in-use': {
    code: 'STATE_FILE_IN_USE',
    retry: 'never',
    sentence: (file, detail) =>
      `Another daemon (${detail}) works on the state file ${file}: stop it, let it take over a changed configuration with "chef-sync-ctl reconfigure", or give this one a state file of its own.`,
  },
};

/** The error for a state file that cannot be used. Its sentence names the file by its full path and says what to do. */
export function stateFileProblem(path: string, problem: Problem, detail = '', options?: ErrorOptions): SyncError {
  const { code, retry, sentence } = PROBLEMS[problem];
  return new SyncError(sentence(resolve(path), detail), { code, scope: 'pair', retry }, options);
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that are the machine's fault; all others are ours. */
const PROBLEM_OF_RESULT: ReadonlyMap<number, Problem> = new Map([
  [5, 'locked'],
  [8, 'unwritable'],
  [10, 'unreadable'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'unopenable'],
  [26, 'not-a-database'],
]);

/** Does `work`; an error of SQLite that an operator can do something about is thrown as the sentence that says so. */
export function translated<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const problem = PROBLEM_OF_RESULT.get(resultOf(error));
    if (problem === undefined || !(error instanceof Error)) throw error;
    throw stateFileProblem(path, isFolder(path) ? 'folder' : problem, error.message, { cause: error });
  }
}

/** SQLite tells a folder from a file with a "disk I/O error", or not at all. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The primary result code; the upper bytes of `errcode` only refine it. */
const resultOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
