import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isJobOver, type JobLine, startJob } from '../../lib/model/job.ts';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import { workJob } from '../../lib/sync/work-job.ts';
import { filesOf } from './memory-org.ts';
import { objectText } from './object-texts.ts';
import { createStage, type Stage } from './stage.ts';

const PATHS: readonly ObjectPath[] = [
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
const edits = fc.array(edit, { maxLength: 14 });
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function apply(stage: Stage, all: readonly Edit[]): void {
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

async function plan(stage: Stage): Promise<readonly JobLine[]> {
  const lines: JobLine[] = [];
  await stage.operate(async (ctx) => {
    let job = startJob({ command: 'plan', pair: ctx.pair }, ctx.clock.now());
    while (!isJobOver(job)) {
      const tools = { clock: ctx.clock, pair: async () => ({ ...ctx, known: ctx }), examine: async () => [] };
      const slice = await workJob(tools, job, 0);
      lines.push(...slice.lines);
      job = slice.job;
    }
    expect(job.problem).toBeUndefined();
  });
  return lines;
}

test('polls do what a plan says, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      edits,
      edits,
      fc.boolean(),
      fc.constantFrom('repair', 'report'),
      async (before, after, isPolled, drift) => {
        const stage = createStage({ profile: { drift } });
        apply(stage, before);
        if (isPolled) await stage.pollFor(30);
        apply(stage, after);
        const found = await plan(stage);
        const replicaBefore = new Map(PATHS.map((path) => [path, stage.replica.get(path)?.form]));

        await stage.pollFor(120);

        const actionOf = new Map(
          found.flatMap((line) => ('action' in line ? [[line.path, line.action] as const] : [])),
        );
        const mayStay = (path: ObjectPath): boolean =>
          found.some(
            (line) =>
              'note' in line &&
              ((line.note === 'deletes held' && line.text.includes(` ${kindOf(path)}:`)) ||
                (line.note === 'deletes wait' && line.text.includes(kindOf(path)))),
          );
        const kindOf = (path: ObjectPath): string =>
          path.startsWith('/roles/') ? 'role' : path.startsWith('/data/') ? 'data_bag_item' : 'cookbook_version';
        for (const path of PATHS) {
          const [source, now, was] = [
            stage.primary.get(path)?.form,
            stage.replica.get(path)?.form,
            replicaBefore.get(path),
          ];
          const action = actionOf.get(path);
          const what = `${path} planned ${action}`;
          if (action === 'upsert') expect(now, what).toBe(source);
          else if (action === 'delete' && !mayStay(path)) expect(now, what).toBeUndefined();
          else expect(now, what).toBe(was);
        }
      },
    ),
    { numRuns: 40 },
  );
});
