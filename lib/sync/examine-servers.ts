import {
  countOne,
  type DoctorTarget,
  endSlice,
  type Finding,
  type Job,
  type JobRequest,
  type JobSlice,
} from '../model/job.ts';
import { walkItems } from './walk-items.ts';
import type { WalkEnd } from './walk-pair.ts';

type DoctorRequest = Extract<JobRequest, { readonly command: 'doctor' }>;

/**
 * Examines one server, in a minute or two at most. What is wrong with the server, its key or the way to it is a finding; rejects only for
 * faults of ours, and with a `SyncError` when the configuration has no such server.
 */
export type ExamineServer = (
  target: DoctorTarget,
  how: Pick<DoctorRequest, 'writesProbes' | 'measuresLoad'>,
) => Promise<readonly Finding[]>;

/** One slice of a doctor's round: servers from where the slice before ended, each completely. Counts findings by their verdict. */
export async function doctorSlice(
  examine: ExamineServer,
  job: Job,
  request: DoctorRequest,
  end: WalkEnd,
): Promise<JobSlice> {
  const lines: Finding[] = [];
  const place = await walkItems(request.targets, job, 1, end, async (targets) => {
    for (const target of targets) lines.push(...(await examine(target, request)));
  });
  const counts = lines.reduce((sum, { verdict }) => countOne(sum, verdict), job.counts);
  return endSlice(job, { place, counts, lines }, end.now());
}
