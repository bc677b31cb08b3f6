import { randomBytes } from 'node:crypto';
import { createInvoker, type Invoker } from '../aws/invoke-function.ts';
import { isJobOver, type JobLine, type JobRequest } from '../model/job.ts';
import { refusal } from '../model/sync-error.ts';
import { askStack } from './ask-stack.ts';
import { finishedJob, type Inspector, type JobOrder } from './inspector.ts';
import { systemClock } from './system-clock.ts';

/** Each look is an invocation. */
const LOOK_EVERY_MS = 2_000;

/** How the jobs of a stack are waited for. */
export interface RemoteJobs {
  /** Waits for this job in the place of starting the first one. */
  readonly attachTo?: string | undefined;
  readonly invoker?: Pick<Invoker, 'invoke'>;
}

/**
 * Lets the inspector of a stack work on jobs. Whoever waits asks control for one slice after the other: a job that nobody waits for rests
 * after the slice under way, and goes on when somebody does.
 */
export function openRemoteInspector(
  stack: string,
  { attachTo, invoker = createInvoker() }: RemoteJobs = {},
): Inspector {
  const { status, control } = askStack(stack, invoker);
  let attached = attachTo;

  const start = async (request: JobOrder): Promise<string> => {
    // The id is made here: a request that is repeated because its answer got lost starts nothing new.
    const job = randomBytes(6).toString('hex');
    await control({ command: 'start-job', job, request });
    return job;
  };

  return {
    async finish(order, { onCount = () => undefined, onNews = () => undefined } = {}) {
      const given = attached;
      attached = undefined;
      const id = given ?? (await start(order));
      if (given === undefined) onNews(`job ${id}; the same command ${comeBack(order, id)}`);
      const lines: JobLine[] = [];
      let after: string | undefined;
      let waitedFor: string | undefined;
      for (;;) {
        const { answer, next } = await status({ query: 'job', job: id, after });
        const { job, isUnderWay, waitsFor } = answer;
        if (given !== undefined) refuseUnlessMeant(given, job.request, order);
        lines.push(...answer.lines);
        onCount(job.looked ?? 0);
        if (next === undefined) return finishedJob(job, lines);
        after = next;
        if (waitsFor !== undefined && waitsFor !== waitedFor) onNews(`waits: ${waitsFor}`);
        waitedFor = waitsFor;
        if (answer.lines.length > 0) continue;
        if (!isUnderWay && !isJobOver(job)) await control({ command: 'continue-job', job: id });
        await systemClock.sleep(LOOK_EVERY_MS);
      }
    },
    // The schedules of the stack see to it.
    isPolled: () => true,
    close: async () => undefined,
  };
}

/** Deletes come after a check of their own, so they are not waited for again: what is left of them is found once more. */
const comeBack = ({ command }: JobOrder, id: string): string =>
  command === 'delete-extra' ? 'deletes what this one leaves' : `with --job ${id} comes back to it`;

/** Printing what another command has found would say something wrong. */
function refuseUnlessMeant(id: string, request: JobRequest, order: JobOrder): void {
  const isMeant =
    request.command === order.command &&
    ('pair' in request ? request.pair : '') === ('pair' in order ? order.pair : '');
  if (isMeant) return;
  if (request.command === 'delete-extra') {
    throw refusal(
      'JOB_OTHER',
      `The job ${id} deletes: run "chef-sync-ctl repair ${request.pair} --delete-extra" again.`,
    );
  }
  const meant = 'pair' in request ? `${request.command} ${request.pair}` : request.command;
  throw refusal('JOB_OTHER', `The job ${id} is another one: wait for it with "chef-sync-ctl ${meant} --job ${id}".`);
}
