import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pMap from 'p-map';
import { copyProject, PROJECT } from './project-copy.ts';
import { PROTECTIONS, type Protection, testsOf } from './protections.ts';
import { removeProtection } from './remove-protection.ts';
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

/** The simulation is a second net, with wide meshes: what it misses in so few worlds is not counted as missed. */
async function seedText(folder: string): Promise<string> {
  if (seeds === 0) return 'not simulated';
  const found = await findFailingSeed(folder, seeds);
  return found === undefined ? `in none of ${seeds} seeds` : `seed ${found.seed}: ${found.invariant}`;
}

async function removeOne(
  original: string,
  protection: Protection,
): Promise<{ readonly outcome: TestOutcome; readonly seed: string }> {
  const copy = await copyProject(original, protection);
  try {
    const outcomes = await runTests(copy.folder, testsOf(protection));
    return { outcome: outcomes.find((outcome) => outcome !== 'failed') ?? 'failed', seed: await seedText(copy.folder) };
  } finally {
    await copy.remove();
  }
}

/** Tests that do not pass as long as nothing is removed would catch everything; a protection that moved cannot be removed. */
async function problemsBefore(folder: string): Promise<readonly string[]> {
  for (const each of chosen) removeProtection(await readFile(join(folder, each.file), 'utf8'), each);
  const tests = chosen.flatMap(testsOf);
  const outcomes = await runTests(folder, tests);
  const problems = tests.flatMap(({ title }, n) => (outcomes[n] === 'passed' ? [] : [`${outcomes[n]}: ${title}`]));
  const found = seeds === 0 ? undefined : await findFailingSeed(folder, seeds);
  return found === undefined ? problems : [...problems, `seed ${found.seed} breaks ${found.invariant}`];
}

/** Answers how many were caught. */
async function removeAll(original: string): Promise<number> {
  console.log(`${'protection removed'.padEnd(48)} ${'simulation'.padEnd(34)} directed test`);
  const outcomes = await pMap(
    chosen,
    async (protection) => {
      const { outcome, seed } = await removeOne(original, protection);
      const { name, caughtBy } = protection;
      const verdict = outcome === 'failed' ? 'caught by' : `NOT CAUGHT (${outcome}) by`;
      console.log(`${name.padEnd(48)} ${seed.padEnd(34)} ${verdict} ${caughtBy.file}: ${caughtBy.title}`);
      return outcome;
    },
    { concurrency: COPIES_AT_ONCE },
  );
  return outcomes.filter((outcome) => outcome === 'failed').length;
}

// Everything is removed from the sources as they are now, whoever edits them meanwhile.
const original = await copyProject(PROJECT);
try {
  const problems = await problemsBefore(original.folder);
  if (problems.length > 0) {
    console.log(`With every protection in place these must pass, and do not:\n${problems.join('\n')}`);
    process.exitCode = 1;
  } else {
    const caught = await removeAll(original.folder);
    console.log(`${chosen.length} protections removed, ${caught} caught`);
    if (values.json === true) console.log(JSON.stringify({ removed: chosen.length, caught }));
    process.exitCode = caught === chosen.length ? 0 : 1;
  }
} finally {
  await original.remove();
}
