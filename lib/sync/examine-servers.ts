import type { DoctorTarget, Finding, Job, JobRequest, JobSlice } from '../model/job.ts';
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
  const counts: Record<string, number | undefined> = { ...job.counts };
  const lines: Finding[] = [];
  let index = job.place !== undefined && 'index' in job.place ? job.place.index : 0;
  do {
    const target = request.targets[index];
    if (target !== undefined) lines.push(...(await examine(target, request)));
    index += 1;
  } while (index < request.targets.length && end.now() < end.deadline);
  for (const { verdict } of lines) counts[verdict] = (counts[verdict] ?? 0) + 1;
  const isOver = index >= request.targets.length;
  const rest = isOver ? { place: undefined, endedAt: end.now() } : { place: { index } };
  return { job: { ...job, ...rest, counts }, lines };
}
