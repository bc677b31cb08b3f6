import type { Job, JobSlice, ObjectLine } from '../model/job.ts';
import type { PairSides } from './pair-context.ts';
import { type WalkEnd, walkPair } from './walk-pair.ts';

/** The request of a check. */
type CheckRequest = Extract<Job['request'], { readonly command: 'check' }>;

/**
 * One slice of a check: both sides read from where the slice before ended, and compared object by object. Writes nothing. Rejects as
 * `walkPair` does.
 */
export async function checkSlice(
  sides: PairSides,
  job: Job,
  request: CheckRequest,
  end: WalkEnd,
  onCompared: () => void = () => undefined,
): Promise<JobSlice> {
  const counts = { ...job.counts };
  const lines: ObjectLine[] = [];
  const place = await walkPair(sides, job.place, end, async ({ line }) => {
    counts[line.sign] = (counts[line.sign] ?? 0) + 1;
    if (line.sign !== '=' || request.listsEqual) lines.push(line);
    onCompared();
  });
  const endedAt = place === undefined ? end.now() : undefined;
  return { job: { ...job, place, counts, endedAt }, lines: lines.toSorted(byPath) };
}

/**
 * Reads both sides completely and compares them, equal objects included, sorted by path. `onCompared` hears how many were compared so far.
 * Changes nothing and needs no ledger. Rejects as `walkPair` does.
 */
export async function comparePair(
  sides: PairSides,
  onCompared: (count: number) => void = () => undefined,
): Promise<readonly ObjectLine[]> {
  const lines: ObjectLine[] = [];
  await walkPair(sides, undefined, { deadline: Number.POSITIVE_INFINITY, now: () => 0 }, async ({ line }) => {
    lines.push(line);
    onCompared(lines.length);
  });
  return lines.toSorted(byPath);
}

const byPath = (a: ObjectLine, b: ObjectLine): number => (a.path < b.path ? -1 : 1);
