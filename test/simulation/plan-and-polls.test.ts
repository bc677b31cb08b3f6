import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import { applyEdits, edits, finishOnStage, PATHS } from './random-edits.ts';
import { createStage } from './stage.ts';

test('polls do what a plan says, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      edits,
      edits,
      fc.boolean(),
      fc.constantFrom('repair', 'report'),
      async (before, after, isPolled, drift) => {
        const stage = createStage({ profile: { drift } });
        applyEdits(stage, before);
        if (isPolled) await stage.pollFor(30);
        applyEdits(stage, after);
        const { lines: found } = await finishOnStage(stage, { command: 'plan', pair: 'eu/acme' });
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
