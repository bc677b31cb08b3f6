import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DirectedTest } from './protections.ts';

/** A mutant may go round in circles. */
const LONGEST_RUN_MS = 4 * 60_000;

/** How a test of a copy ended. `not run`: its file could not be loaded, it was not found, or it took too long. */
export type TestOutcome = 'passed' | 'failed' | 'not run';

const vitestReport = z.object({
  testResults: z.array(
    z.object({ name: z.string(), assertionResults: z.array(z.object({ title: z.string(), status: z.string() })) }),
  ),
});

/** Finds the title; the title of a test of many rows finds that of each row. */
const titlePattern = ({ title }: DirectedTest): string =>
  title.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('%i', '\\d+');

/** Runs these tests in the copy, and no other. Answers their outcomes in the same order. */
export async function runTests(folder: string, tests: readonly DirectedTest[]): Promise<readonly TestOutcome[]> {
  const report = join(folder, 'report.json');
  const files = new Set(tests.map(({ file }) => file));
  const titles = tests.map(titlePattern).join('|');
  const options = ['--testNamePattern', `(${titles})$`, '--reporter=json', `--outputFile=${report}`, '--maxWorkers=2'];
  await run(folder, ['node_modules/vitest/vitest.mjs', 'run', ...files, ...options]);
  const text = await readFile(report, 'utf8').catch(() => '{"testResults":[]}');
  const { testResults } = vitestReport.parse(JSON.parse(text));
  return tests.map(({ file, title }) => {
    const results = testResults.find(({ name }) => name.endsWith(file))?.assertionResults ?? [];
    const pattern = new RegExp(`${titlePattern({ file, title })}$`);
    const statuses = new Set(results.flatMap((result) => (pattern.test(result.title) ? [result.status] : [])));
    if (statuses.has('failed')) return 'failed';
    return statuses.has('passed') ? 'passed' : 'not run';
  });
}

const seedReport = z.object({ seed: z.number(), invariant: z.string() });

/** The first simulated world, of so many, that breaks a promise in the copy; undefined when none does in time. */
export async function findFailingSeed(
  folder: string,
  seeds: number,
): Promise<{ readonly seed: number; readonly invariant: string } | undefined> {
  const answer = await run(folder, ['test/mutation/first-failing-seed.ts', `${seeds}`]);
  const line = answer.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? seedReport.parse(JSON.parse(line)) : undefined;
}

/** What node prints, whatever its exit code is: failing is what a mutant's tests are to do. */
const run = (cwd: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const options = { cwd, timeout: LONGEST_RUN_MS, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, args, options, (_error, stdout) => resolve(stdout));
  });
