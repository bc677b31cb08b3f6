import { expect, test } from 'vitest';
import { bootstrapUnderKills } from './killed-daemon.ts';

test('a daemon killed again and again during a bootstrap ends in sync, and copies nothing again that had settled', async () => {
  const result = await bootstrapUnderKills({ kills: 8, seed: 20 });

  expect(result).toMatchObject({
    exitCode: 0,
    areSidesEqual: true,
    objects: 1_000,
    killsDuringBootstrap: 8,
    writesAfterSettled: 0,
    writesOfAnotherPass: 0,
  });
}, 180_000);
