import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Annotations, type App } from 'aws-cdk-lib';
import * as z from 'zod';
import { ConfigError } from '../lib/config/config-error.ts';
import { COPIERS_PER_LANE, planLanes } from '../lib/config/lanes.ts';
import { loadConfig } from '../lib/config/load-config.ts';
import type { OrganizationPair } from '../lib/config/organization-pair.ts';
import { packConfig } from '../lib/config/packed-config.ts';
import { STACK_NAME } from '../lib/config/stack-name.ts';
import { bundleFunctions } from './bundle-functions.ts';
import { ChefSyncStack } from './chef-sync-stack.ts';
import { monthlyCost, ONE_PAIR, total } from './cost/monthly-cost.ts';
import { pairsByName } from './pairs-by-name.ts';

const EXAMPLE = fileURLToPath(new URL('../docs/examples/chef-sync-aws.yaml', import.meta.url));

/** What `-c NAME=VALUE` may set. */
const contextSchema = z.object({
  config: z.string('must be one file').optional(),
  stack: z
    .string()
    .regex(STACK_NAME, 'must be the name of a stack: a letter, then letters, digits and -, at most 40 characters')
    .default('chef-sync'),
  runbook: z.url('must be the address of the runbook').optional(),
});

/**
 * Adds the stack that the context describes: `config` (default: the example, which is warned about and cannot be
 * deployed), `stack` (its name, `chef-sync`) and `runbook` (its address in the texts of alarms). Bundles the functions
 * with `bundle` on the way. Throws a ConfigError when the configuration is refused. Asks no network.
 */
export function addChefSyncStack(app: App, bundle = bundleFunctions): ChefSyncStack {
  const context = readContext(app);
  const file = context.config ?? EXAMPLE;
  const config = loadConfig(file, { home: 'aws' });
  const pairs = pairsByName(config.pairs);
  const bundles = mkdtempSync(join(tmpdir(), 'chef-sync-bundles-'));
  try {
    bundle(
      bundles,
      packConfig({ ...config, pairs }, (path) => readFileSync(path, 'utf8')),
    );
    const stack = new ChefSyncStack(app, context.stack, {
      pairs,
      aws: config.aws,
      bundles,
      runbook: context.runbook,
      isExample: context.config === undefined,
    });
    for (const warning of config.warnings) Annotations.of(stack).addWarningV2('chef-sync:configuration', warning);
    if (context.config === undefined) {
      const sentence = `this is the example ${relative('', EXAMPLE)}, which cannot be deployed; name your configuration with -c config=FILE`;
      Annotations.of(stack).addWarningV2('chef-sync:example', sentence);
    }
    for (const sentence of [...fastPolling(pairs), ...concurrency(context.stack, pairs)]) {
      Annotations.of(stack).addInfo(sentence);
    }
    return stack;
  } finally {
    // Assets were copied when the stack was made.
    rmSync(bundles, { recursive: true, force: true });
  }
}

function readContext(app: App): z.output<typeof contextSchema> {
  const read = contextSchema.safeParse({
    config: app.node.tryGetContext('config'),
    stack: app.node.tryGetContext('stack'),
    runbook: app.node.tryGetContext('runbook'),
  });
  if (read.success) return read.data;
  throw new ConfigError(read.error.issues.map(({ path, message }) => `-c ${path.join('.')}: ${message}`));
}

/** What pairs cost that are polled more often than EventBridge fires: their poller stays, and is paid, between the polls. */
function fastPolling(pairs: readonly OrganizationPair[]): readonly string[] {
  const idle = (pollSeconds: number): number => total(monthlyCost({ ...ONE_PAIR, pollSeconds }).idlePair);
  return pairs.flatMap(({ name, settings: { pollSeconds } }) => {
    if (pollSeconds >= 60) return [];
    const more = (idle(pollSeconds) - idle(60)).toFixed(2);
    return [`${name} is polled every ${pollSeconds} s, which costs about $${more} a month more than every minute`];
  });
}

/** Functions that an account may run at a time until it asks for more. */
const NEW_ACCOUNT_CONCURRENCY = 10;

/** Beside polls and copiers: the two that the mapping of dead letters may start, an inspector, and whoever answers an operator. */
const OTHER_FUNCTIONS = 4;

/** How many functions run at a time, where a new account has no room for them: polls would be dropped and copies wait. */
function concurrency(stackName: string, pairs: readonly OrganizationPair[]): readonly string[] {
  const most = pairs.length + COPIERS_PER_LANE * planLanes(pairs).lanes.length + OTHER_FUNCTIONS;
  if (most <= NEW_ACCOUNT_CONCURRENCY) return [];
  return [
    `up to ${most} functions of ${stackName} run at a time, and a new account of AWS allows ${NEW_ACCOUNT_CONCURRENCY}: see what yours allows with "aws lambda get-account-settings", and ask for more in Service Quotas ("Concurrent executions" of Lambda) before you deploy`,
  ];
}
