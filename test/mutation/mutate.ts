import { parseArgs } from 'node:util';
import pMap from 'p-map';
import { copyProject } from './project-copy.ts';
import { PROTECTIONS, type Protection } from './protections.ts';
import { findFailingSeed, runTests, type TestOutcome } from './run-in-copy.ts';

/**
 * `npm run mutate -- [--only WORD] [--seeds N] [--json]`: removes the protections one by one, each in a copy of its own, and tells
 * whether its directed test notices, and which of the first N simulated worlds does. Fails unless every test passes with the protection
 * and fails without it.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '10' },
    json: { type: 'boolean' },
  },
});
const COPIES_AT_ONCE = 2;
const seeds = Number(values.seeds);
const chosen = PROTECTIONS.filter(({ name }) => name.includes(values.only));

interface Removal {
  readonly protection: Protection;
  readonly outcome: TestOutcome;
  readonly seed: string;
}

/** The simulation is a second net, with wide meshes: what it misses in so few worlds is not counted as missed. */
async function seedText(folder: string): Promise<string> {
  if (seeds === 0) return 'not simulated';
  const found = await findFailingSeed(folder, seeds);
  return found === undefined ? `in none of ${seeds} seeds` : `seed ${found.seed}: ${found.invariant}`;
}

async function removeOne(protection: Protection): Promise<Removal> {
  const copy = await copyProject(protection);
  try {
    const [outcome = 'not run'] = await runTests(copy.folder, [protection.caughtBy]);
    return { protection, outcome, seed: await seedText(copy.folder) };
  } finally {
    await copy.remove();
  }
}

/** Tests that do not pass as long as nothing is removed would catch everything. */
async function failingBefore(): Promise<readonly string[]> {
  const copy = await copyProject();
  try {
    const tests = chosen.map(({ caughtBy }) => caughtBy);
    const outcomes = await runTests(copy.folder, tests);
    const problems = tests.flatMap(({ title }, n) => (outcomes[n] === 'passed' ? [] : [`${outcomes[n]}: ${title}`]));
    const found = seeds === 0 ? undefined : await findFailingSeed(copy.folder, seeds);
    return found === undefined ? problems : [...problems, `seed ${found.seed} breaks ${found.invariant}`];
  } finally {
    await copy.remove();
  }
}

const problems = await failingBefore();
if (problems.length > 0) {
  console.log(`With every protection in place these must pass, and do not:\n${problems.join('\n')}`);
  process.exit(1);
}

console.log(`${'protection removed'.padEnd(48)} ${'simulation'.padEnd(34)} directed test`);
let caught = 0;
await pMap(
  chosen,
  async (protection) => {
    const { outcome, seed } = await removeOne(protection);
    if (outcome === 'failed') caught += 1;
    const { name, caughtBy } = protection;
    const verdict = outcome === 'failed' ? 'caught by' : `NOT CAUGHT (${outcome}) by`;
    console.log(`${name.padEnd(48)} ${seed.padEnd(34)} ${verdict} ${caughtBy.file}: ${caughtBy.title}`);
  },
  { concurrency: COPIES_AT_ONCE },
);
console.log(`${chosen.length} protections removed, ${caught} caught`);
if (values.json === true) console.log(JSON.stringify({ removed: chosen.length, caught }));
process.exitCode = caught === chosen.length ? 0 : 1;
