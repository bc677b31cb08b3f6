import { appendFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import pino from 'pino';
import type { LogSettings } from '../config/schema.ts';
import { refusal } from '../model/sync-error.ts';
import type { Log } from '../sync/pair-context.ts';

/** The structured logs of one state file: a file per pair and one of the manager, which is the process that runs the pairs. */
export interface Logs {
  /** As an absolute path. */
  readonly folder: string;
  readonly manager: Log;
  of(pair: string): Log;
  /** From now on so much is kept. */
  keep(settings: LogSettings): void;
}

/**
 * The log file of a pair, of the manager without one: `REPLICA.DESTINATION.log` or `manager.log` in the folder `STATE-logs`, as an absolute
 * path. Neither replica names nor organization names hold a dot, so no two of them share a file.
 */
export function logFile(statePath: string, pair?: string): string {
  return join(logFolder(statePath), `${pair === undefined ? 'manager' : pair.replace('/', '.')}.log`);
}

/** The files of a log, newest first: the one that is written, then those that were moved aside. */
export const rotatedFile = (file: string, number: number): string => (number === 0 ? file : `${file}.${number}`);

const logFolder = (statePath: string): string => `${resolve(statePath)}-logs`;

/**
 * The folder of the logs, made when missing, with one JSON object per line in each {@link logFile}. Throws a `SyncError` when it cannot be
 * made. A line that cannot be written later (a full disk) is left out and told to `onLost`, once: a log never stops a pair.
 *
 * A file that has reached its size is moved aside before the next line, and the oldest one beyond those to keep is gone. Each line opens and
 * closes its file. That costs some 30 µs for the few lines a pair writes, holds no descriptor for each of a thousand pairs, and lets any
 * other program rotate the files as well.
 */
export function openLogs(statePath: string, settings: LogSettings, onLost: (sentence: string) => void): Logs {
  const folder = logFolder(statePath);
  try {
    if (!existsSync(folder)) mkdirSync(folder);
  } catch (error) {
    const sentence =
      codeOf(error) === 'ENOENT'
        ? `The folder ${dirname(folder)} of the state file and the logs does not exist: make it, or name another file as local.state.`
        : `The folder of the logs ${folder} cannot be made (${codeOf(error)}): correct its permissions or what stands in its place.`;
    throw refusal('LOGS_UNWRITABLE', sentence, { cause: error });
  }
  let { megabytes, keep } = settings;
  let isLossTold = false;
  const logOf = (pair?: string): Log => {
    const file = logFile(statePath, pair);
    const logger = pino(
      {
        base: pair === undefined ? null : { pair },
        messageKey: 'message',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      {
        write(line) {
          try {
            if (sizeOf(file) >= megabytes * BYTES_PER_MEGABYTE) rotate(file, keep);
            appendFileSync(file, line, { mode: 0o640 });
          } catch (error) {
            if (!isLossTold)
              onLost(`The log ${file} cannot be written (${codeOf(error)}): log lines are lost until it can.`);
            isLossTold = true;
          }
        },
      },
    );
    return (level, message, fields = {}) => logger[level](fields, message);
  };
  return {
    folder,
    manager: logOf(),
    of: (pair) => logOf(pair),
    keep(next) {
      ({ megabytes, keep } = next);
    },
  };
}

const BYTES_PER_MEGABYTE = 1_000_000;

/** 0 for a file that is not there yet. */
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Moves the files of a log one number up. Each move is one rename, from the oldest to the newest, so that a reader who looks from the newest
 * to the oldest meets every file.
 */
function rotate(file: string, keep: number): void {
  for (let number = keep - 1; number >= 0; number -= 1) {
    const from = rotatedFile(file, number);
    if (existsSync(from)) renameSync(from, rotatedFile(file, number + 1));
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
