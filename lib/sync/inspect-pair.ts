import { countOne, endSlice, type Job, type JobRequest, type JobSlice, type ObjectLine } from '../model/job.ts';
import { type CheckedFiles, checkFiles, noFilesChecked } from './check-files.ts';
import { comparedBaseline, noteCompared, noteComparison } from './note-comparison.ts';
import type { KnownPair, PairSides } from './pair-context.ts';
import { type ComparedObject, type WalkEnd, walkPair, walkPlace } from './walk-pair.ts';

type CheckRequest = Extract<JobRequest, { readonly command: 'check' }>;

/**
 * One slice of a check: both sides read from where the slice before ended, and compared object by object. Writes to neither side. Of a
 * `bootstrap: false` pair it writes into the records what was found, so that status can tell. Files that it hashed join `checkedFiles`.
 * Rejects as `walkPair` does.
 */
export async function checkSlice(
  sides: PairSides,
  known: KnownPair | undefined,
  job: Job,
  request: CheckRequest,
  end: WalkEnd,
  {
    onObject,
    checkedFiles = noFilesChecked(),
  }: { readonly onObject?: (found: ComparedObject) => void; readonly checkedFiles?: CheckedFiles },
): Promise<JobSlice> {
  let { counts, looked = 0 } = job;
  const lines: ObjectLine[] = [];
  const baseline = await comparedBaseline(sides, known, job.startedAt);
  const place = await walkPair(sides, walkPlace(job), end, async (found) => {
    let line = request.readsFiles === true ? await withFiles(sides, found, checkedFiles) : found.line;
    const unknown = baseline && (await noteComparison(baseline, sides, { ...found, line }));
    if (unknown !== undefined) line = { sign: '!', path: line.path, reason: unknown };
    counts = countOne(counts, line.sign);
    looked += 1;
    if (line.sign !== '=' || request.listsEqual) lines.push(line);
    onObject?.({ ...found, line });
  });
  if (place === undefined && baseline !== undefined && counts['!'] === undefined) {
    await noteCompared(baseline, job.startedAt);
  }
  return endSlice(job, { place, counts, looked, lines }, end.now());
}

/** Manifests that are equal promise equal files; whether the files are so, only their bytes tell. */
async function withFiles(
  sides: PairSides,
  { line, ref, texts }: ComparedObject,
  checked: CheckedFiles,
): Promise<ObjectLine> {
  if (ref?.kind !== 'cookbook_version' || texts === undefined) return line;
  const reason = await checkFiles(sides, ref, texts, checked);
  return reason === undefined ? line : { sign: '!', path: ref.path, reason };
}

/**
 * Reads both sides completely and compares them, equal objects included, sorted by path. Changes nothing and needs no ledger. Rejects as
 * `walkPair` does.
 */
export async function comparePair(sides: PairSides): Promise<readonly ObjectLine[]> {
  const lines: ObjectLine[] = [];
  await walkPair(sides, undefined, { deadline: Number.POSITIVE_INFINITY, now: () => 0 }, async ({ line }) => {
    lines.push(line);
  });
  return lines.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
