import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isJobOver, type Job, startJob } from '../../lib/model/job.ts';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import type { PairContext } from '../../lib/sync/pair-context.ts';
import { workJob } from '../../lib/sync/work-job.ts';
import { applyEdits, edits, finishOnStage, PATHS } from './random-edits.ts';
import { createStage, type Stage } from './stage.ts';

const PAIR = 'eu/acme';
const CHECK = { command: 'check', pair: PAIR, listsEqual: false } as const;

const isAsOnPrimary =
  ({ primary, replica }: Stage) =>
  (path: ObjectPath): boolean =>
    primary.get(path) === undefined || primary.get(path)?.form === replica.get(path)?.form;

test('after a check a baseline says "in sync" only when it is, and a repair makes it so without a delete', async () => {
  await fc.assert(
    fc.asyncProperty(edits, edits, edits, async (before, between, after) => {
      const stage = createStage({ profile: { startsWithCopy: false } });
      applyEdits(stage, before);
      await stage.pollFor(30);
      expect((await stage.status()).text).toBe('baseline not compared');
      applyEdits(stage, between);
      await finishOnStage(stage, CHECK);
      applyEdits(stage, after);
      await stage.pollFor(120);

      const { text } = await stage.status();
      const areAll = PATHS.every(isAsOnPrimary(stage));
      if (text === 'in sync') expect(areAll).toBe(true);
      else expect(text).not.toBe('baseline not compared');

      const planned = (await finishOnStage(stage, { command: 'plan', pair: PAIR })).lines;
      // What the primary deleted goes with the polls, repair or not.
      const leaving = planned.flatMap((line) => ('action' in line && line.action === 'delete' ? [line.path] : []));
      const staying = PATHS.filter((path) => stage.replica.get(path) !== undefined && !leaving.includes(path));
      const { job } = await finishOnStage(stage, { command: 'repair', pair: PAIR });
      await stage.pollFor(5);

      expect(job.problem).toBeUndefined();
      expect(PATHS.filter((path) => !isAsOnPrimary(stage)(path))).toEqual([]);
      expect(staying.filter((path) => stage.replica.get(path) === undefined)).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test('a check that was begun while the baseline was still being taken has nothing copied', async () => {
  const stage = createStage({ profile: { startsWithCopy: false } });
  applyEdits(stage, [
    { side: 'primary', path: '/cookbooks/c1/1.0.0', content: 1 },
    { side: 'primary', path: '/data/b1/i1', content: 1 },
    { side: 'primary', path: '/roles/r1', content: 1 },
    { side: 'primary', path: '/roles/r2', content: 1 },
    { side: 'replica', path: '/roles/r2', content: 2 },
  ]);
  const differing = stage.differences();
  stage.poll();
  let job: Job | undefined;
  const slice = async (ctx: PairContext): Promise<void> => {
    const tools = { clock: ctx.clock, pair: async () => ({ ...ctx, known: ctx }), examine: async () => [] };
    job = (await workJob(tools, job ?? startJob(CHECK, ctx.clock.now()), 0)).job;
  };

  await stage.operate(async (ctx) => {
    while ((await ctx.state.read()) === undefined) await ctx.clock.sleep(1);
    await slice(ctx);
  });
  await stage.pollFor(3);
  while (job !== undefined && !isJobOver(job)) await stage.operate(slice);
  await stage.pollFor(60);

  expect(stage.differences()).toEqual(differing);
  expect((await stage.status()).text).toBe('baseline not compared');
  expect(stage.violations()).toEqual([]);
});

test('what only the replica has is deleted when an operator agreed, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(edits, edits, async (before, after) => {
      const stage = createStage();
      applyEdits(stage, before);
      await stage.pollFor(30);
      applyEdits(
        stage,
        after.filter(({ side }) => side === 'replica'),
      );
      const onBoth = PATHS.filter((path) => stage.primary.get(path) !== undefined);
      const { lines } = await finishOnStage(stage, { command: 'repair', pair: PAIR });
      const extras = lines.flatMap((line) => ('sign' in line && line.sign === '-' ? [line.path] : []));

      await finishOnStage(stage, { command: 'delete-extra', pair: PAIR, paths: extras });
      await stage.pollFor(10);
      await stage.approveEveryPlan();
      await stage.pollFor(10);
      // Cookbooks were kept until the deletes of roles were decided.
      await stage.approveEveryPlan();
      // A bag that was let go before its items is tried again an hour later.
      await stage.pollFor(75);

      expect(extras.filter((path) => stage.replica.get(path) !== undefined)).toEqual([]);
      expect(onBoth.filter((path) => stage.replica.get(path)?.form !== stage.primary.get(path)?.form)).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
