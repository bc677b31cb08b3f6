import { parseArgs } from 'node:util';
import { INVARIANTS, type Invariant } from './invariants.ts';
import { runInWorkers } from './run-in-workers.ts';
import type { SeedResult } from './run-seed.ts';
import { failureText, shrinkSeed } from './shrink-seed.ts';

/**
 * `npm run simulate -- [--seeds N] [--seed FIRST] [--workers N] [--json]`: runs N seeds from FIRST on. The first that breaks a promise is made
 * as calm as it can be and told as a story. Exit code 1 when a promise was broken.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    json: { type: 'boolean' },
  },
});
const violations = new Map<Invariant, number>(INVARIANTS.map((name) => [name, 0]));
const failed: number[] = [];
const sums = { schedules: 0, crashes: 0, faults: 0, objects: 0, steps: 0, reported: 0 };
const startedAt = process.hrtime.bigint();

function add(result: SeedResult): void {
  sums.schedules += 1;
  sums.crashes += result.crashes;
  sums.faults += result.faults;
  sums.objects += result.objects;
  sums.steps += result.steps;
  sums.reported += result.reported;
  for (const { invariant } of result.violations) violations.set(invariant, (violations.get(invariant) ?? 0) + 1);
  const [violation] = result.violations;
  if (violation === undefined) return;
  failed.push(result.seed);
  console.log(`seed ${result.seed}: ${violation.invariant}: ${violation.path ?? ''} ${violation.text}`);
}

await runInWorkers(
  { first: numberOf('seed'), count: numberOf('seeds'), workers: Math.max(1, numberOf('workers')) },
  add,
);
const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
const first = failed.toSorted((a, b) => a - b)[0];
if (first !== undefined) console.log(failureText(await shrinkSeed(first)));
console.log(
  `${sums.schedules} schedules, ${sums.crashes} crashes, ${sums.faults} faults, ${sums.objects} objects, ${sums.reported} left for the operator, ` +
    `${sums.steps} steps in ${seconds.toFixed(1)} s`,
);
for (const [name, n] of violations) console.log(`${name.padEnd(24)} ${n}`);
if (failed.length > 0) console.log(`failed seeds: ${failed.slice(0, 50).join(' ')}`);
const total = [...violations.values()].reduce((sum, n) => sum + n, 0);
if (values.json === true) console.log(JSON.stringify({ ...sums, violations: total, seconds }));
process.exitCode = total === 0 ? 0 : 1;

function numberOf(option: 'seed' | 'seeds' | 'workers'): number {
  const number = Number(values[option]);
  if (!Number.isSafeInteger(number) || number < 0)
    throw new Error(`--${option} takes a whole number, not "${values[option]}"`);
  return number;
}
