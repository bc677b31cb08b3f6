import type { Job, JobLine, JobRequest } from '../model/job.ts';
import type { ObjectPath } from '../model/object-path.ts';
import { SyncError } from '../model/sync-error.ts';
import type { DifferingValue } from '../plan/normalised-form.ts';

/** A job as an operator asks for it: of a doctor by the names of servers and pairs, which each home looks up in its own configuration. */
export type JobOrder =
  | Exclude<JobRequest, { readonly command: 'doctor' }>
  | (Omit<Extract<JobRequest, { readonly command: 'doctor' }>, 'targets'> & { readonly names: readonly string[] });

/** A job that is done, with everything it found. */
export interface FinishedJob {
  readonly job: Job;
  /** Sorted by path; notes at their place at the end. */
  readonly lines: readonly JobLine[];
  /** Of different objects, when asked for: their fields with the values of both sides. */
  readonly values: ReadonlyMap<ObjectPath, readonly DifferingValue[]>;
}

/** A job that ended with a problem of its pair or of a server: other jobs may well succeed. Its message names the pair. */
export class JobError extends SyncError {
  constructor(job: Job, problem: NonNullable<Job['problem']>) {
    const { request } = job;
    const isNamed = !('pair' in request) || problem.text.includes(request.pair);
    super(isNamed ? problem.text : `${request.pair}: ${problem.text}`, { ...problem, retry: 'later' });
  }
}

/** How a job is watched. */
export interface JobWatch {
  /** Hears how many objects were looked at so far. */
  readonly onCount?: (count: number) => void;
  /** Hears what else whoever waits should know, a sentence at a time: how to come back to the job, what it waits for. */
  readonly onNews?: (sentence: string) => void;
  /** Keeps the values of fields that differ, which may be secrets. They stay in this process. */
  readonly keepsValues?: boolean;
  /** Of a doctor on this machine: once aborted no further server is examined, and `finish` rejects with the reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Works on jobs, or lets them be worked on, of the pairs of one home. */
export interface Inspector {
  /**
   * Waits until the job is done. Rejects with a `JobError` when it ended with a problem, and with another `SyncError` when nobody can work on
   * it.
   */
  finish(order: JobOrder, watch?: JobWatch): Promise<FinishedJob>;
  /** Whether somebody polls the pair meanwhile, who carries out what a repair makes due. */
  isPolled(pair: string): boolean;
  close(): Promise<void>;
}

/** The job with its lines in order. Throws the `JobError` of a job that ended with a problem. */
export function finishedJob(
  job: Job,
  lines: readonly JobLine[],
  values: FinishedJob['values'] = new Map(),
): FinishedJob {
  if (job.problem !== undefined) throw new JobError(job, job.problem);
  return { job, lines: sorted(lines), values };
}

const placeOf = (line: JobLine): string => ('path' in line ? line.path : '~');

const sorted = (lines: readonly JobLine[]): readonly JobLine[] =>
  lines.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0));
