import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import { clientSettings } from './client-settings.ts';

/** A line of a function's log. */
export interface FunctionLogLine {
  /** Unique among all lines of all functions. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

/** Some lines, oldest first. A page may be empty and not the last: the service answers before it has searched everything. */
export interface FunctionLogPage {
  readonly lines: readonly FunctionLogLine[];
  readonly next?: string;
}

/** What is looked for in the log of one function. */
export interface FunctionLogSearch {
  /** Name of the log group. */
  readonly group: string;
  /** A filter pattern of CloudWatch Logs. */
  readonly pattern: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly next?: string;
}

/** Searches the logs of functions. */
export type SearchFunctionLogs = (search: FunctionLogSearch) => Promise<FunctionLogPage>;

/** Lines of a page; far less than a megabyte. */
const LINES_PER_PAGE = 500;

/** A search reads up to that long before it answers with what it has found so far. */
const SEARCH_TIMEOUT_MS = 15_000;

/** A log group that does not exist has no lines. */
export function createFunctionLogs(
  client = new CloudWatchLogsClient(clientSettings(SEARCH_TIMEOUT_MS)),
): SearchFunctionLogs {
  return async ({ group, pattern, from, next }) => {
    try {
      const { events = [], nextToken } = await client.send(
        new FilterLogEventsCommand({
          logGroupName: group,
          filterPattern: pattern,
          startTime: from,
          nextToken: next,
          limit: LINES_PER_PAGE,
        }),
      );
      return {
        lines: events.map(({ eventId = '', timestamp = 0, message = '' }) => ({
          id: eventId,
          at: timestamp,
          text: message.trimEnd(),
        })),
        next: nextToken,
      };
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
      return { lines: [] };
    }
  };
}
