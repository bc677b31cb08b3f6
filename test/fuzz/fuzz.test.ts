import { afterAll, describe, expect, test } from 'vitest';
import { fuzzTargets } from './targets.ts';

/** `npm run fuzz` tries as many as there is time for; these take a few seconds in all. */
const INPUTS: ReadonlyMap<string, number> = new Map([
  ['configurations', 100],
  ['large documents', 40],
  ['HTTP answers', 60],
  ['HTTP answers that break off', 60],
]);
const INPUTS_OF_OTHERS = 300;

describe('whatever a server, a file or a queue holds, it is read rightly or refused in words', () => {
  const { targets, close } = fuzzTargets();
  afterAll(close);

  for (const { kind, run } of targets) {
    test(kind, async () => {
      const { finding } = await run({ seed: 1, inputs: INPUTS.get(kind) ?? INPUTS_OF_OTHERS });
      expect(finding).toBeUndefined();
    });
  }
});
