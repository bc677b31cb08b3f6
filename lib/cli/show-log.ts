import type { Command } from 'commander';
import { SyncError } from '../model/sync-error.ts';
import type { LogReader } from '../runtime/read-log.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { formatLogLine } from './log-line.ts';
import { withStateOption } from './open-home.ts';
import { plainText } from './plain-text.ts';
import { readDuration } from './read-argument.ts';
import { screenOn } from './screen.ts';
import { takeStopSignals } from './stop-signals.ts';

/** How much of a log is shown. */
export interface LogOptions {
  readonly json?: true;
  readonly follow?: true;
  readonly quiet?: true;
  /** Milliseconds. */
  readonly since?: number;
}

/** Adds what both commands of logs are told. */
export function withLogOptions(command: Command): Command {
  return withStateOption(command)
    .option(
      '--since <duration>',
      'only the lines of this time until now, like 90s, 10m or 1h30m; on AWS 1h if not given',
      readDuration,
    )
    .option('--follow', 'go on with new lines, until Ctrl-C; begins with the last ten unless --since is given')
    .option('--quiet', 'only warnings and errors')
    .option('--json', 'print the lines as they are, one JSON object each');
}

/** Lines before the end that following begins with, when no time is given. */
const LINES_BEFORE = 10;

/**
 * Prints a structured log: as lines for a person, or its JSON lines as they are. With `follow` it goes on with new lines until SIGTERM,
 * Ctrl-C or a reader that goes away, and waits for a file that is not there yet.
 */
export async function showLog(reader: LogReader, about: string, options: LogOptions): Promise<void> {
  const screen = screenOn(process.stdout);
  const since = options.since === undefined ? undefined : systemClock.now() - options.since;
  let isWanted = options.since === undefined && options.quiet !== true;

  const added = async function* (): AsyncGenerator<string> {
    for await (const { line, entry } of reader.added(since)) {
      // A line that is none of ours belongs to the one before it.
      if (entry !== undefined) {
        isWanted = (since === undefined || entry.at >= since) && (options.quiet !== true || entry.level !== 'info');
      }
      if (!isWanted) continue;
      if (options.json === true) yield line;
      else yield entry === undefined ? plainText(line) : formatLogLine({ about, ...entry });
    }
  };

  if (options.follow !== true) {
    try {
      for await (const line of added()) screen.line(line);
    } finally {
      await reader.close();
    }
    return;
  }
  const stop = takeStopSignals(() => undefined);
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  process.stdout.once('error', leave);
  const signal = AbortSignal.any([stop.signal, leaving.signal]);
  try {
    let last: string[] = [];
    await unlessMissing(async () => {
      for await (const line of added()) {
        last.push(line);
        if (options.since === undefined) last = last.slice(-LINES_BEFORE);
      }
    });
    for (const line of last) screen.line(line);
    while (!signal.aborted) {
      await systemClock.sleep(reader.lookEveryMs, signal);
      await unlessMissing(async () => {
        for await (const line of added()) screen.line(line);
      });
    }
  } finally {
    stop.dispose();
    process.stdout.off('error', leave);
    await reader.close();
  }
}

/** A log that is followed may be moved away and written anew, or not be there yet. */
async function unlessMissing(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof SyncError && error.code === 'LOG_MISSING')) throw error;
  }
}
