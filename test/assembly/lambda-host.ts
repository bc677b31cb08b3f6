import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lambdaContext } from '../support/aws/event-source.ts';

/**
 * One execution environment of Lambda: loads the bundle in `LAMBDA_TASK_ROOT` as a cold start does, then handles one event
 * after the other that its parent sends. Says nothing of its own on standard output, which is the function's log.
 */

/** An event, and with what time left it is handled. */
export interface HostRequest {
  readonly event: unknown;
  readonly timeoutSeconds: number;
  /** How far the clock of the function is ahead. */
  readonly aheadMs: number;
}

/** What one event took of the process, and of how much memory it has had at most since it began. */
export interface HostUsage {
  readonly milliseconds: number;
  readonly processorMs: number;
  readonly peakMegabytes: number;
}

/** What the handler answered, or the message of what it threw. */
export type HostAnswer = ({ readonly result: unknown } | { readonly error: string }) & { readonly usage: HostUsage };

let aheadMs = 0;
const realNow = Date.now;
Date.now = () => realNow() + aheadMs;

const folder = process.env['LAMBDA_TASK_ROOT'] ?? '';
const { handler } = await import(pathToFileURL(join(folder, 'index.mjs')).href);

const handle = async (request: HostRequest): Promise<HostAnswer> => {
  aheadMs = request.aheadMs;
  const context = lambdaContext(process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? '', request.timeoutSeconds);
  const [beganAt, before] = [performance.now(), process.cpuUsage()];
  const usage = (): HostUsage => {
    const { user, system } = process.cpuUsage(before);
    return {
      milliseconds: performance.now() - beganAt,
      processorMs: (user + system) / 1000,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
    };
  };
  try {
    return { result: await handler(request.event, context), usage: usage() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), usage: usage() };
  }
};

process.on('message', (request: HostRequest) => {
  void handle(request).then((answer) => process.send?.(answer));
});
// A parent that died leaves no child behind.
process.on('disconnect', () => process.exit());
process.send?.('ready');
