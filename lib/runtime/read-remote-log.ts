import * as z from 'zod/mini';
import type { AskStatus } from './ask-stack.ts';
import type { AwsLogLine } from './aws-logs.ts';
import type { LogReader, LogRecord } from './read-log.ts';
import { systemClock } from './system-clock.ts';

/** Without a time this much is searched: a search reads every line of every function. */
const USUAL_SPAN_MS = 60 * 60 * 1000;
/** CloudWatch shows a line some seconds after it was written, and one of another function may overtake it. */
const LATEST_MS = 2 * 60 * 1000;
const LOOK_EVERY_MS = 3_000;

/**
 * The log of a pair of a stack, or without one what concerns no pair, from the logs of all functions. The first reading goes back to its
 * `since`, an hour when it has none; each later one finds the lines that were added, though not always in the order of their times.
 */
export function readRemoteLog(ask: AskStatus, pair: string | undefined): LogReader {
  let from: number | undefined;
  let shown = new Map<string, number>();
  return {
    lookEveryMs: LOOK_EVERY_MS,
    close: async () => undefined,
    async *added(since) {
      const now = systemClock.now();
      from ??= Math.trunc(since ?? now - USUAL_SPAN_MS);
      const lines: AwsLogLine[] = [];
      let after: string | undefined;
      do {
        const page = await ask({ query: 'log', pair, from, after });
        lines.push(...page.answer.filter(({ id }) => !shown.has(id)));
        after = page.next;
      } while (after !== undefined);
      from = Math.max(from, now - LATEST_MS);
      const oldest = from;
      shown = new Map([...shown, ...lines.map(({ id, at }) => [id, at] as const)].filter(([, at]) => at >= oldest));
      for (const line of lines.toSorted((a, b) => a.at - b.at)) yield recordOf(line, pair);
    },
  };
}

/** As the functions' logger writes them. */
const entryShape = z.catchall(
  z.object({ level: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL']), message: z.string() }),
  z.unknown(),
);

const LEVELS = { DEBUG: 'info', INFO: 'info', WARN: 'warn', ERROR: 'error', CRITICAL: 'error' } as const;

/** What the logger adds that the reader knows already, or that tells of the invocation alone. */
const UNSHOWN =
  /^(?:level|message|timestamp|service|pair|cold_start|sampling_rate|xray_trace_id|function_(?:arn|memory_size|name|request_id))$/;

/** The line as the local home would have written it, whichever function it is of. */
function recordOf({ at, functionName, text }: AwsLogLine, pair: string | undefined): LogRecord {
  const { data } = entryShape.safeParse(jsonOrUndefined(text));
  const level = data === undefined ? 'error' : LEVELS[data.level];
  const message = data === undefined ? withoutPrefix(text) : data.message;
  const fields: Record<string, string | number | boolean> = { function: functionName };
  for (const [name, value] of Object.entries(data ?? {})) {
    const isShown = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    if (isShown && !UNSHOWN.test(name)) fields[name] = value;
  }
  const line = { level, time: new Date(at).toISOString(), pair, message, ...fields };
  return { line: JSON.stringify(line), entry: { at, level, message, fields } };
}

/** Lambda puts time, request and level before what it says itself, with tabs or spaces in between. */
const withoutPrefix = (text: string): string =>
  text.replace(/^\d{4}-\d\d-\d\dT\S+Z\s+[0-9a-f-]{36}\s+(?:(?:INFO|WARN|ERROR)\s+)?/, '');

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
