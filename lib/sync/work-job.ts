import { isJobOver, type Job, type JobSlice } from '../model/job.ts';
import { SyncError } from '../model/sync-error.ts';
import type { Clock } from '../ports/clock.ts';
import type { CheckedFiles } from './check-files.ts';
import { doctorSlice, type ExamineServer } from './examine-servers.ts';
import { checkSlice } from './inspect-pair.ts';
import type { KnownPair, PairSides } from './pair-context.ts';
import { planSlice } from './plan-pair.ts';
import { deleteExtraSlice, repairSlice } from './repair-pair.ts';
import type { ComparedObject, WalkEnd } from './walk-pair.ts';

/** A pair that a job looks into. */
export interface InspectedPair extends PairSides {
  /** Its records; absent where there is no state yet. Whoever has a whole context passes it twice: `{ ...ctx, known: ctx }`. */
  readonly known?: KnownPair | undefined;
}

/** What jobs work with, wherever they run. */
export interface JobTools {
  readonly clock: Pick<Clock, 'now'>;
  /** Both sides of a configured pair. Rejects with a `SyncError` when there is no such pair, or a key cannot be used. */
  pair(name: string): Promise<InspectedPair>;
  readonly examine: ExamineServer;
  /** Hears of every object that was looked at, for those who show progress; of a check with the texts of both sides. */
  readonly onObject?: (found?: ComparedObject) => void;
  /** Where slices follow each other in one process: cookbook files of the pair that earlier slices have hashed. */
  readonly checkedFiles?: CheckedFiles;
}

/**
 * Works on a job until the deadline (ms), and a little beyond: a step under way ends first, usually a few seconds of requests, and a minute
 * on a server that answers slowly. The first step is made in any case, so that a job comes to its end however short its slices are. Whoever
 * calls stores `lines` and `job` together, and calls again with that `job` until it `isJobOver`. A server that cannot be used, or a wrong
 * pair, ends the job with a `problem`; rejects only for faults of ours, and then the slice can be repeated.
 */
export async function workJob(tools: JobTools, job: Job, deadline: number): Promise<JobSlice> {
  if (isJobOver(job)) return { job, lines: [] };
  const end: WalkEnd = { deadline, now: () => tools.clock.now() };
  try {
    return await work(tools, job, end);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const { code, message: text, scope, side } = error;
    return { job: { ...job, place: undefined, endedAt: end.now(), problem: { code, text, scope, side } }, lines: [] };
  }
}

async function work(tools: JobTools, job: Job, end: WalkEnd): Promise<JobSlice> {
  const { request } = job;
  if (request.command === 'doctor') return await doctorSlice(tools.examine, job, request, end);
  const pair = await tools.pair(request.pair);
  switch (request.command) {
    case 'check':
      return await checkSlice(pair, pair.known, job, request, end, tools);
    case 'plan':
      return await planSlice(pair, pair.known, job, end, tools.onObject);
    case 'repair':
      return await repairSlice(pair, pair.known, job, end, tools.onObject);
    case 'delete-extra':
      return await deleteExtraSlice(pair, pair.known, job, request, end);
  }
}
