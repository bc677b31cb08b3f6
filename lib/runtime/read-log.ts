import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import * as z from 'zod/mini';
import { SyncError } from '../model/sync-error.ts';
import { rotatedFile } from './open-log.ts';

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

/** Reads a log bit by bit. */
export interface LogReader {
  /**
   * Complete lines that were added since the last call, oldest first; at first all of them, those of files that were moved aside too. A
   * rotation loses none and shows none twice. A file that was emptied meanwhile is read from its beginning. `since` (ms since 1970) is for
   * readers that have to search: older lines may, but need not, come too. Throws a `SyncError` when there is no log yet, or when it cannot
   * be read. One call at a time, each to its end.
   */
  added(since?: number): AsyncIterable<LogRecord>;
  /** How often it is worth looking again, in milliseconds. */
  readonly lookEveryMs: number;
  close(): Promise<void>;
}

/** A reader of a file sees a new line after about this long. */
const LOOK_EVERY_MS = 300;

/**
 * A file that is being read. It stays open until a newer one was begun: it is then read to its end under whatever name it has by now, and
 * no new file can get its number (inode) meanwhile.
 */
interface OpenFile {
  readonly handle: FileHandle;
  readonly ino: number;
  /** Behind the last complete line. */
  offset: number;
}

/** Read at a time; a longer line takes several. */
const PIECE_BYTES = 64 * 1024;

/** Opens nothing yet: the file may appear later. */
export function openLogReader(file: string): LogReader {
  let current: OpenFile | undefined;
  return {
    lookEveryMs: LOOK_EVERY_MS,
    async *added() {
      current ??= await openOldest(file);
      if (current === undefined) throw missing(file);
      yield* linesOf(current);
      for (let newer = await openNext(file, current); newer !== undefined; newer = await openNext(file, current)) {
        // The last ones may have come between the look at its end and the rotation; after it nobody writes to it any more.
        yield* linesOf(current);
        await current.handle.close();
        current = newer;
        yield* linesOf(current);
      }
    },
    async close() {
      await current?.handle.close();
      current = undefined;
    },
  };
}

/** The file that was begun after `current`; undefined while that is the newest. A rotation may go on meanwhile. */
async function openNext(file: string, current: OpenFile): Promise<OpenFile | undefined> {
  for (let missed = 0; ; ) {
    const number = await numberOf(file, current.ino);
    if (number === 0) return undefined;
    if (number === undefined) {
      if ((await current.handle.stat()).nlink === 0) return await openOldest(file);
      // It may have moved up past the look. When it stays away, another program has given it a name of its own.
      missed += 1;
      if (missed === LOOKS_FOR_A_MOVED_FILE) return await openIfThere(file);
      continue;
    }
    const next = await openIfThere(rotatedFile(file, number - 1));
    // Files move up from the oldest on: while this one is where it was, those below it have not moved either.
    if ((await inodeOf(rotatedFile(file, number))) === current.ino) return next;
    await next?.handle.close();
  }
}

const LOOKS_FOR_A_MOVED_FILE = 3;

/** The number that a file of the log has just now. */
async function numberOf(file: string, ino: number): Promise<number | undefined> {
  for await (const { number, found } of numbered(file)) if (found === ino) return number;
  return undefined;
}

/** The oldest file of the log; undefined when there is none. */
async function openOldest(file: string): Promise<OpenFile | undefined> {
  for (;;) {
    let oldest: number | undefined;
    for await (const { number } of numbered(file)) oldest = number;
    if (oldest === undefined) return undefined;
    const opened = await openIfThere(rotatedFile(file, oldest));
    // An older one behind it: this one came here just now.
    if (opened !== undefined && (await inodeOf(rotatedFile(file, oldest + 1))) === undefined) return opened;
    await opened?.handle.close();
  }
}

/** The files of the log, newest first. Where one is just being moved there is a hole; two in a row are the end. */
async function* numbered(file: string): AsyncGenerator<{ readonly number: number; readonly found: number }> {
  for (let number = 0, holes = 0; holes < 2; number += 1) {
    const found = await inodeOf(rotatedFile(file, number));
    holes = found === undefined ? holes + 1 : 0;
    if (found !== undefined) yield { number, found };
  }
}

/** Complete lines behind the offset, which goes with them. */
async function* linesOf(file: OpenFile): AsyncGenerator<LogRecord> {
  if ((await file.handle.stat()).size < file.offset) file.offset = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (;;) {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    const { bytesRead } = await file.handle.read(piece, 0, PIECE_BYTES, file.offset + rest.length);
    if (bytesRead === 0) return;
    const bytes = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
    let begin = 0;
    for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', begin)) {
      const line = bytes.toString('utf8', begin, end);
      file.offset += end + 1 - begin;
      begin = end + 1;
      yield { line, entry: entryOf(line) };
    }
    rest = bytes.subarray(begin);
  }
}

async function openIfThere(path: string): Promise<OpenFile | undefined> {
  try {
    const handle = await open(path, 'r');
    return { handle, ino: (await handle.stat()).ino, offset: 0 };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new SyncError(
      `The log ${path} cannot be read (${codeOf(error)}): correct its permissions.`,
      { code: 'LOG_UNREADABLE', scope: 'pair', retry: 'later' },
      { cause: error },
    );
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch {
    // Between a rotation and the next line there is no such file.
    return undefined;
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';

const missing = (file: string): SyncError =>
  new SyncError(`There is no log ${file} yet: "chef-sync-ctl run" writes it.`, {
    code: 'LOG_MISSING',
    scope: 'pair',
    retry: 'later',
  });

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
