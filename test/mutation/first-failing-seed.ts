import { runSeed } from '../simulation/run-seed.ts';

/** `node first-failing-seed.ts SEEDS`: prints the first seed from 1 on whose world breaks a promise, and which; nothing when none does. */
const seeds = Number(process.argv[2]);
for (let seed = 1; seed <= seeds; seed += 1) {
  const [violation] = (await runSeed(seed)).violations;
  if (violation === undefined) continue;
  console.log(JSON.stringify({ seed, invariant: violation.invariant }));
  break;
}
