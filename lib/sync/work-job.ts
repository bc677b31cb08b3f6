import { isJobOver, type Job, type JobSlice } from '../model/job.ts';
import { SyncError } from '../model/sync-error.ts';
import type { Clock } from '../ports/clock.ts';
import { checkSlice } from './inspect-pair.ts';
import type { PairSides } from './pair-context.ts';

/** What jobs work with, wherever they run. */
export interface JobTools {
  readonly clock: Pick<Clock, 'now'>;
  /** Both sides of a configured pair. Rejects with a `SyncError` when there is no such pair, or a key cannot be used. */
  pair(name: string): Promise<PairSides>;
  /** Hears of every object as it is looked at, for those who show progress. */
  readonly onObject?: () => void;
}

/**
 * Works on a job until the deadline (ms), and a little beyond: a step under way ends first, at most a minute of requests. The first
 * step is made in any case, so that a job comes to its end however short its slices are. Whoever calls stores `lines` and `job` together,
 * and calls again with that `job` until it `isJobOver`. A server that cannot be used, or a wrong pair, ends the job with a `problem`; rejects
 * only for faults of ours, and then the slice can be repeated.
 */
export async function workJob(tools: JobTools, job: Job, deadline: number): Promise<JobSlice> {
  if (isJobOver(job)) return { job, lines: [] };
  const end = { deadline, now: () => tools.clock.now() };
  try {
    const { request } = job;
    return await checkSlice(await tools.pair(request.pair), job, request, end, tools.onObject);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const { code, message: text, side } = error;
    return { job: { ...job, endedAt: end.now(), problem: { code, text, side } }, lines: [] };
  }
}
