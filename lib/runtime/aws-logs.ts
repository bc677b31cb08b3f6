import type { SearchFunctionLogs } from '../aws/function-logs.ts';
import type { Page } from './operator-envelope.ts';
import { systemClock } from './system-clock.ts';

/** A line of a function's log, as `STACK-status` hands it on. */
export interface AwsLogLine {
  /** Unique among all lines of a stack. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `poller`, `copier`, … */
  readonly functionName: string;
  readonly text: string;
}

/** Which lines are wanted: those of a pair, or without one those that concern no pair. */
export interface AwsLogRequest {
  readonly pair?: string | undefined;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly after?: string | undefined;
}

/** Functions whose logs are searched, one after the other. */
const LOGGED_FUNCTIONS = ['poller', 'copier', 'parker', 'inspector', 'control', 'status'];

/** A page ends when it has this many lines, or has taken this long. */
const MANY_LINES = 500;
const LONG_PAGE_MS = 15_000;

/** In the lines that Lambda itself writes about every invocation, and in those that CloudWatch makes metrics of. */
const UNWANTED = ['INIT_START', 'START RequestId', 'END RequestId', 'REPORT RequestId', '_aws'];

/** The lines of a function in a page are in their order; the pages go function by function. `prefix` begins the name of every log group. */
export function openAwsLogs(
  search: SearchFunctionLogs,
  prefix: string,
): (request: AwsLogRequest) => Promise<Page<readonly AwsLogLine[]>> {
  return async ({ pair, from, after }) => {
    const endsAt = systemClock.now() + LONG_PAGE_MS;
    const pattern = filterPattern(pair);
    const answer: AwsLogLine[] = [];
    let { index, next } = placeOf(after);
    for (;;) {
      const functionName = LOGGED_FUNCTIONS[index];
      if (functionName === undefined) return { answer };
      const page = await search({ group: `${prefix}${functionName}`, pattern, from, next });
      answer.push(...page.lines.map((line) => ({ ...line, functionName })));
      next = page.next;
      if (next === undefined) index += 1;
      if (answer.length >= MANY_LINES || systemClock.now() > endsAt) return { answer, next: `${index} ${next ?? ''}` };
    }
  };
}

/**
 * Lines of a pair are JSON, name it and have a level, which its metrics lack. All other lines are wanted of the functions themselves, texts of
 * crashes too.
 */
export function filterPattern(pair: string | undefined): string {
  if (pair !== undefined) return `{ ($.pair = ${JSON.stringify(pair)}) && ($.level = *) }`;
  return [...UNWANTED.map((text) => `-"${text}"`), '-"\\"pair\\":"'].join(' ');
}

function placeOf(text = '0 '): { index: number; next: string | undefined } {
  const space = text.indexOf(' ');
  const next = text.slice(space + 1);
  return { index: Number(text.slice(0, space)), next: next === '' ? undefined : next };
}
