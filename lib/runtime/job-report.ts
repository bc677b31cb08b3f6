import type { JobRecord, Jobs } from '../aws/dynamo-jobs.ts';
import { isJobOver, type Job, type JobLine } from '../model/job.ts';
import { refusal, type SyncError } from '../model/sync-error.ts';
import type { Page } from './operator-envelope.ts';
import { systemClock } from './system-clock.ts';

/** How far a job of a stack is. */
export interface JobReport {
  readonly job: Job;
  /** What was found and not reported before. */
  readonly lines: readonly JobLine[];
  /** A slice is being worked on, or begins soon. Otherwise whoever wants the job to go on has to ask for the next one. */
  readonly isUnderWay: boolean;
  /** Why it does not get on. */
  readonly waitsFor?: string;
}

/** A slice that was asked for begins within this time, or not at all. */
const BEGINS_WITHIN_MS = 30_000;
/** Chunks of lines in a page: with their largest size less than a megabyte. */
const CHUNKS_PER_PAGE = 3;

/** A slice is being worked on, or was asked for so lately that it may begin yet. */
export const isUnderWay = ({ lease, askedAt }: JobRecord, now: number): boolean =>
  (lease?.until ?? 0) > now || (askedAt !== undefined && askedAt + BEGINS_WITHIN_MS > now);

/**
 * A page of a job's report: `next` is always there until the job is over and all of its lines were reported, so that whoever follows it asks
 * with the same `next` until there is more. Throws a `SyncError` when there is no such job.
 */
export async function jobPage(
  jobs: Jobs,
  { job: id, after = '0' }: { readonly job: string; readonly after?: string | undefined },
): Promise<Page<JobReport>> {
  const record = await jobs.read(id);
  if (record === undefined) throw unknownJob(id);
  const begin = Math.min(Number(after) || 0, record.chunks);
  const finish = Math.min(record.chunks, begin + CHUNKS_PER_PAGE);
  const chunks = await Promise.all(
    Array.from({ length: finish - begin }, (_, index) => jobs.readChunk(id, begin + index)),
  );
  const { job, waitsFor } = record;
  const answer = { job, lines: chunks.flat(), isUnderWay: isUnderWay(record, systemClock.now()), waitsFor };
  return isJobOver(job) && finish === record.chunks ? { answer } : { answer, next: String(finish) };
}

/** A job that never was, or whose time is over. */
export const unknownJob = (id: string): SyncError =>
  refusal('JOB_UNKNOWN', `There is no job ${id}: a job is kept for a week; start a new one.`);
