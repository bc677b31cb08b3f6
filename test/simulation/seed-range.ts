import { expect, test } from 'vitest';
import { runSeed } from './run-seed.ts';
import { failureText, shrinkSeed } from './shrink-seed.ts';

/** Seeds of one test case: some seconds, so that a failing one is named soon. */
const SEEDS_AT_ONCE = 125;

/** Test cases for that many seeds from `first` on. A seed that breaks a promise fails with the story of the calmest world in which it does. */
export function testSeeds(first: number, count: number): void {
  for (let from = first; from < first + count; from += SEEDS_AT_ONCE) {
    const until = Math.min(from + SEEDS_AT_ONCE, first + count);
    test(`keeps every promise in the worlds of seeds ${from} to ${until - 1}`, async () => {
      for (let seed = from; seed < until; seed += 1) {
        const { violations } = await runSeed(seed);
        if (violations.length > 0) expect.fail(failureText(await shrinkSeed(seed)));
      }
    });
  }
}
