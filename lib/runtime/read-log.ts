import { createReadStream, type Stats, statSync } from 'node:fs';
import * as z from 'zod/mini';
import { SyncError } from '../model/sync-error.ts';

/** A line of a structured log. */
export interface LogRecord {
  /** The line as it stands in the file. */
  readonly line: string;
  /** What it says; undefined when it is none of ours. */
  readonly entry?: LogEntry;
}

/** What one line tells. */
export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Reads a log file bit by bit. */
export interface LogReader {
  /**
   * Complete lines that were added since the last call, all of them at first. A file that was rotated or emptied meanwhile is read from its
   * beginning. Throws a `SyncError` when the file is missing or cannot be read.
   */
  added(): AsyncIterable<LogRecord>;
}

/** Opens nothing yet: the file may appear later. */
export function openLogReader(file: string): LogReader {
  let place = { ino: 0, offset: 0 };
  return {
    async *added() {
      const { ino, size } = statOf(file);
      if (ino !== place.ino || size < place.offset) place = { ino, offset: 0 };
      if (size === place.offset) return;
      let rest: Uint8Array = Buffer.alloc(0);
      for await (const chunk of createReadStream(file, { start: place.offset, end: size - 1 })) {
        const bytes = Buffer.concat([rest, chunk]);
        let begin = 0;
        for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', begin)) {
          const line = bytes.toString('utf8', begin, end);
          place = { ino, offset: place.offset + end + 1 - begin };
          begin = end + 1;
          yield { line, entry: entryOf(line) };
        }
        rest = bytes.subarray(begin);
      }
    },
  };
}

function statOf(file: string): Stats {
  try {
    return statSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    const [errorCode, sentence] =
      code === 'ENOENT'
        ? ['LOG_MISSING', `There is no log ${file} yet: "chef-sync-ctl run" writes it.`]
        : ['LOG_UNREADABLE', `The log ${file} cannot be read (${code}): correct its permissions.`];
    throw new SyncError(sentence, { code: errorCode, scope: 'pair', retry: 'later' }, { cause: error });
  }
}

/** As `openLogs` writes them. */
const entryShape = z.catchall(
  z.object({
    level: z.enum(['info', 'warn', 'error']),
    time: z.iso.datetime(),
    message: z.string(),
    pair: z.optional(z.string()),
  }),
  z.union([z.string(), z.number(), z.boolean()]),
);

function entryOf(line: string): LogEntry | undefined {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { data } = entryShape.safeParse(content);
  if (data === undefined) return undefined;
  const { level, time, message, pair: _pair, ...fields } = data;
  return { at: Date.parse(time), level, message, fields };
}
