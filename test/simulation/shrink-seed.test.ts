import { expect, test } from 'vitest';
import type { PairContext } from '../../lib/sync/pair-context.ts';
import { runSeed } from './run-seed.ts';
import { failureText, type RunProfile, shrinkSeed } from './shrink-seed.ts';

/** A replica that says that it took a change of a role, and did not. */
const withForgetfulReplica = (ports: PairContext): PairContext => ({
  ...ports,
  replica: {
    ...ports.replica,
    replace: async (ref, text) => (ref.kind === 'role' ? 'replaced' : await ports.replica.replace(ref, text)),
  },
});

const runWithBug: RunProfile = (seed, profile, isTold) =>
  runSeed(seed, { profile, isTold, plant: withForgetfulReplica });

test('a planted bug is found, and told in the calmest world that still shows it', async () => {
  let seed = 1;
  while ((await runSeed(seed, { plant: withForgetfulReplica })).violations.length === 0) seed += 1;

  const shrunk = await shrinkSeed(seed, runWithBug);

  expect(shrunk.result.violations).not.toEqual([]);
  expect(shrunk.profile).toMatchObject({ servers: { episodes: [], refusals: [] }, process: { crashShare: 0 } });
  const [headline, ...story] = failureText(shrunk).split('\n');
  expect(headline).toMatch(/^seed \d+, with nothing but .*: \w+: \/roles\/r\d/);
  expect(story.length).toBeLessThan(60);
  expect(story.join('\n')).toMatch(/people +\/roles\/r\d: (create|update) on the primary/);
});

test('a world without a bug keeps every promise however calm it is made', async () => {
  expect((await shrinkSeed(1)).result.violations).toEqual([]);
});
