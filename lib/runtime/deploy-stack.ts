import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refusal, SyncError } from '../model/sync-error.ts';

/** The top of the checkout, where `cdk.json` is. */
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Deploys a stack with `npx cdk deploy`, which shows what it does and, unless `isApproved`, asks before it widens permissions. What it prints
 * goes to stderr, because stdout is for results. Throws a `SyncError` when this installation has no CDK, and when the deployment fails.
 */
export async function deployStack(configFile: string, stack: string, isApproved: boolean): Promise<void> {
  const context = ['-c', `config=${resolve(configFile)}`, '-c', `stack=${stack}`];
  if (!existsSync(`${PROJECT}/cdk.json`)) {
    throw refusal(
      'CDK_MISSING',
      `This installation cannot deploy: run it in a checkout of chef-sync, or "npx cdk deploy ${context.join(' ')}" there.`,
    );
  }
  const approval = isApproved ? ['--require-approval', 'never'] : [];
  const child = spawn('npx', ['cdk', 'deploy', ...context, ...approval], {
    cwd: PROJECT,
    stdio: ['inherit', 2, 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code === 0) return;
  throw new SyncError(
    `The deployment of ${stack} failed (${code === null ? 'it was ended' : `exit code ${code}`}): correct what it says above, and run it again.`,
    { code: 'DEPLOYMENT_FAILED', scope: 'endpoint', retry: 'later' },
  );
}
