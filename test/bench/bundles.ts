import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions, CONFIG_FILE } from '../../cdk/bundle-functions.ts';
import { FUNCTION_NAMES, FUNCTION_TABLE } from '../../cdk/function-table.ts';

/**
 * `npm run bench:bundle`: size of every function's bundle and how long a fresh Node takes to import it. `--json`: one last
 * line `functions: [{name, kilobytes, importMs}]`.
 */
const RUNS = 5;
const EMPTY_CONFIG = JSON.stringify({ servers: [], pairs: [] });
const PROGRAM = `const began = performance.now();
await import(process.argv[1]);
console.log(performance.now() - began);`;

const folder = mkdtempSync(join(tmpdir(), 'chef-sync-bundles-'));
bundleFunctions(folder, EMPTY_CONFIG);

/** The fastest of some runs: the slower ones say more about the machine. */
function importMs(name: string): number {
  const run = (): number =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM, join(folder, name, 'index.mjs')], {
        encoding: 'utf8',
        env: {
          AWS_REGION: 'eu-central-1',
          LAMBDA_TASK_ROOT: join(folder, name),
          CHEF_SYNC_TABLE: 'table',
          CHEF_SYNC_CONFIG: CONFIG_FILE,
          CHEF_SYNC_QUEUE_PREFIX: 'https://sqs.eu-central-1.amazonaws.com/123456789012/chef-sync-lane-',
          CHEF_SYNC_FINGERPRINT_SECRET: 'fingerprints',
          CHEF_SYNC_LOG_PREFIX: '/aws/lambda/chef-sync-',
          CHEF_SYNC_INSPECTOR: 'chef-sync-inspector',
          POWERTOOLS_SERVICE_NAME: 'chef-sync',
          POWERTOOLS_METRICS_NAMESPACE: 'ChefSync',
        },
      }),
    );
  return Math.min(...Array.from({ length: RUNS }, run));
}

const functions = FUNCTION_NAMES.map((name) => ({
  name,
  kilobytes: Math.ceil(statSync(join(folder, name, 'index.mjs')).size / 1000),
  importMs: Math.ceil(importMs(name)),
}));
rmSync(folder, { recursive: true });

process.stdout.write('function    size KB   aim   import ms   aim\n');
for (const { name, kilobytes, importMs: milliseconds } of functions) {
  const aim = FUNCTION_TABLE[name].talksToChef ? 900 : 450;
  const columns = [kilobytes, aim, milliseconds, 120].map((column, index) =>
    String(column).padStart([8, 6, 12, 6][index] ?? 0),
  );
  process.stdout.write(`${name.padEnd(11)}${columns.join('')}\n`);
}
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ functions })}\n`);
