import { parseArgs } from 'node:util';
import { INVARIANTS, type Invariant } from './invariants.ts';
import { runSeed } from './run-seed.ts';

/** `npm run simulate -- [--seeds N] [--seed FIRST] [--json]`: runs N seeds from FIRST on, tells the story of the first that breaks a promise. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean' },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
const violations = new Map<Invariant, number>(INVARIANTS.map((name) => [name, 0]));
const failed: number[] = [];
const sums = { schedules: 0, crashes: 0, faults: 0, objects: 0, steps: 0, reported: 0 };
const startedAt = process.hrtime.bigint();
for (let seed = first; seed < first + count; seed += 1) {
  const result = await runSeed(seed);
  sums.schedules += 1;
  sums.crashes += result.crashes;
  sums.faults += result.faults;
  sums.objects += result.objects;
  sums.steps += result.steps;
  sums.reported += result.reported;
  for (const { invariant } of result.violations) violations.set(invariant, (violations.get(invariant) ?? 0) + 1);
  const [violation] = result.violations;
  if (violation === undefined) continue;
  failed.push(seed);
  console.log(`seed ${seed}: ${violation.invariant}: ${violation.path ?? ''} ${violation.text}`);
  if (failed.length === 1) console.log((await runSeed(seed, { isTold: true })).story);
}
const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
console.log(
  `${sums.schedules} schedules, ${sums.crashes} crashes, ${sums.faults} faults, ${sums.objects} objects, ${sums.reported} left for the operator, ` +
    `${sums.steps} steps in ${seconds.toFixed(1)} s`,
);
for (const [name, n] of violations) console.log(`${name.padEnd(24)} ${n}`);
if (failed.length > 0) console.log(`failed seeds: ${failed.slice(0, 50).join(' ')}`);
const total = [...violations.values()].reduce((sum, n) => sum + n, 0);
if (values.json === true) console.log(JSON.stringify({ ...sums, violations: total, seconds }));
process.exitCode = total === 0 ? 0 : 1;
