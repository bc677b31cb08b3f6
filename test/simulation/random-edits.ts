import fc from 'fast-check';
import { isJobOver, type Job, type JobLine, type JobRequest, startJob } from '../../lib/model/job.ts';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import { workJob } from '../../lib/sync/work-job.ts';
import { filesOf } from './memory-org.ts';
import { objectText } from './object-texts.ts';
import type { Stage } from './stage.ts';

/** Objects of the random edits. */
export const PATHS: readonly ObjectPath[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((n): ObjectPath => `/roles/r${n}`),
  ...[1, 2, 3, 4, 5].map((n): ObjectPath => `/data/b1/i${n}`),
  ...[1, 2, 3, 4].map((n): ObjectPath => `/cookbooks/c${n}/1.0.0`),
];

/** Something that is done to an object on one side, past every program of ours. */
const edit = fc.record({
  side: fc.constantFrom('primary', 'replica'),
  path: fc.constantFrom(...PATHS),
  /** Undefined: it is removed. */
  content: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
});
/** Edits in their order. */
export const edits = fc.array(edit, { maxLength: 14 });
/** One of them. */
export type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** Both organizations afterwards are as the edits leave them. */
export function applyEdits(stage: Stage, all: readonly Edit[]): void {
  for (const { side, path, content } of all) {
    const org = stage[side];
    if (path.startsWith('/data/') && org.get('/data/b1') === undefined) {
      org.put('/data/b1', objectText('/data/b1', 0), 'people');
    }
    if (content === undefined) org.remove(path);
    else {
      const text = objectText(path, content);
      for (const file of path.startsWith('/cookbooks/') ? filesOf(text) : []) {
        org.files.add(file);
        org.storedFiles.set(file, true);
      }
      org.put(path, text, 'people');
    }
  }
}

/** Works on a job of the stage's pair to its end, in the shortest slices. */
export async function finishOnStage(
  stage: Stage,
  request: JobRequest,
): Promise<{ readonly job: Job; readonly lines: readonly JobLine[] }> {
  const lines: JobLine[] = [];
  let job = startJob(request, stage.scheduler.now());
  await stage.operate(async (ctx) => {
    const tools = { clock: ctx.clock, pair: async () => ({ ...ctx, known: ctx }), examine: async () => [] };
    while (!isJobOver(job)) {
      const slice = await workJob(tools, job, 0);
      lines.push(...slice.lines);
      job = slice.job;
    }
  });
  return { job, lines };
}
