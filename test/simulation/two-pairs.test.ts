import { expect, test } from 'vitest';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import { objectText } from './object-texts.ts';
import type { Episode } from './server-faults.ts';
import { createStage, type Stage } from './stage.ts';

const roles = (count: number): readonly ObjectPath[] =>
  Array.from({ length: count }, (_, n): ObjectPath => `/roles/r${n}`);
const WELL = roles(6);
const SICK = roles(60);

async function pollAll(stages: readonly Stage[], minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    for (const stage of stages) stage.poll();
    await stages[0]?.wait(1);
  }
}

/** Polls until the changes of the pair are on its replica. Answers the minutes it took, of at most 60. */
async function minutesToCopy(stage: Stage, stages: readonly Stage[]): Promise<number> {
  for (const path of WELL) stage.writer.write(path, 1);
  for (let minutes = 1; minutes <= 60; minutes += 1) {
    await pollAll(stages, 1);
    if (stage.differences().length === 0) return minutes;
  }
  return Number.POSITIVE_INFINITY;
}

async function minutesAlone(): Promise<number> {
  const stage = createStage();
  for (const path of WELL) stage.writer.write(path, 0);
  await stage.pollFor(3);
  return await minutesToCopy(stage, [stage]);
}

test('a pair is copied as quickly as alone while the replica of another one with the same copiers hangs for good', async () => {
  const broken: Episode[] = [];
  const sick = createStage({
    pair: 'eu/sick',
    profile: { servers: { episodes: broken, refusals: [], strayShare: 0 } },
    // It breaks when the first of many copies has been made: the others are with the queue by then.
    afterWrite({ replica, scheduler }, path) {
      if (broken.length > 0 || replica.get(path)?.text !== objectText(path, 1)) return;
      broken.push({ side: 'replica', kind: 'down', from: scheduler.now(), until: Number.POSITIVE_INFINITY });
    },
  });
  const well = createStage({ pair: 'eu/well', beside: sick });
  for (const path of SICK) sick.writer.write(path, 0);
  for (const path of WELL) well.writer.write(path, 0);
  await pollAll([sick, well], 5);
  expect([...sick.differences(), ...well.differences()]).toEqual([]);

  for (const path of SICK) sick.writer.write(path, 1);
  const minutes = await minutesToCopy(well, [sick, well]);
  expect(minutes).toBeLessThanOrEqual((await minutesAlone()) + 1);

  await pollAll([sick, well], 3);
  expect((await sick.status()).text).toContain('waiting for replica');
  expect((await well.status()).text).toBe('in sync');
  expect(sick.differences().length).toBeGreaterThan(SICK.length / 2);
  expect([...sick.violations(), ...well.violations()]).toEqual([]);
});
