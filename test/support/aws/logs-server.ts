import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod';
import { type CallListener, callerOf, localArn, urlOf } from './local-aws.ts';

/** As much of CloudWatch Logs as `FilterLogEvents` needs, on a free port of 127.0.0.1. */
export interface LogsServer {
  readonly url: string;
  /** Makes the group if it is missing and adds a line to it. */
  put(group: string, at: number, text: string): void;
  stop(): void;
}

interface Line {
  readonly id: string;
  readonly at: number;
  readonly text: string;
}

const requestShape = z.object({
  logGroupName: z.string(),
  filterPattern: z.string(),
  startTime: z.number(),
  limit: z.number(),
  nextToken: z.string().optional(),
});

/**
 * Starts a server with the two kinds of filter patterns that the product uses: a JSON line with a value of one field and any
 * of another, and terms that must not be there. The first page of every search is empty and not the last, as the service allows itself.
 */
export async function startLogsServer(onCall?: CallListener): Promise<LogsServer> {
  const groups = new Map<string, Line[]>();
  let count = 0;
  const server = createServer(async (request, response) => {
    const { logGroupName, filterPattern, startTime, limit, nextToken } = requestShape.parse(await json(request));
    onCall?.({
      caller: callerOf(request.headers.authorization),
      action: 'logs:FilterLogEvents',
      resource: localArn('logs', `log-group:${logGroupName}:*`),
    });
    const lines = groups.get(logGroupName);
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (request.headers['x-amz-target'] !== 'Logs_20140328.FilterLogEvents' || lines === undefined) {
      response.statusCode = 400;
      response.end(JSON.stringify({ __type: 'ResourceNotFoundException', message: 'there is no such log group' }));
      return;
    }
    const matches = matcher(filterPattern);
    const found = lines.filter(({ at, text }) => at >= startTime && matches(text)).toSorted((a, b) => a.at - b.at);
    const start = Number(nextToken ?? -1);
    const page = start < 0 ? [] : found.slice(start, start + limit);
    const end = Math.max(0, start + page.length);
    response.end(
      JSON.stringify({
        events: page.map(({ id, at, text }) => ({ eventId: id, timestamp: at, message: text, logStreamName: 'one' })),
        ...((start < 0 || end < found.length) && { nextToken: String(end) }),
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: urlOf(server),
    put(group, at, text) {
      count += 1;
      const lines = groups.get(group) ?? [];
      groups.set(group, lines);
      lines.push({ id: String(count), at, text });
    },
    stop: () => void server.close(),
  };
}

function matcher(pattern: string): (text: string) => boolean {
  const [, field, value, present] = /^\{ \(\$\.(\w+) = ("[^"]*")\) && \(\$\.(\w+) = \*\) \}$/.exec(pattern) ?? [];
  if (field !== undefined && value !== undefined && present !== undefined) {
    return (text) => fieldOf(text, field) === JSON.parse(value) && fieldOf(text, present) !== undefined;
  }
  const terms = [...pattern.matchAll(/(?<=^| )-("(?:[^"\\]|\\.)*")/g)].map(([, term = '""']) =>
    String(JSON.parse(term)),
  );
  if (terms.length === 0) throw new Error(`${pattern} is no pattern that this server knows`);
  return (text) => terms.every((term) => !text.includes(term));
}

function fieldOf(text: string, field: string): unknown {
  try {
    return JSON.parse(text)[field];
  } catch {
    return undefined;
  }
}
