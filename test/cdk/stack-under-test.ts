import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, NestedStack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { CONFIG_FILE } from '../../cdk/bundle-functions.ts';
import { ChefSyncStack, type ChefSyncStackProps } from '../../cdk/chef-sync-stack.ts';
import { FUNCTION_NAMES } from '../../cdk/function-table.ts';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { parseConfig } from '../../lib/config/load-config.ts';
import type { OrganizationPair } from '../../lib/config/organization-pair.ts';

/** Stands in for `bundleFunctions`: bundling takes longer than everything else and changes only the names of assets. */
export function stubFunctions(folder: string, packedConfig: string): void {
  for (const name of FUNCTION_NAMES) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'index.mjs'), `export const handler = async () => '${name}';\n`);
    writeFileSync(join(folder, name, CONFIG_FILE), packedConfig);
  }
}

/** A folder of stubs. */
export function stubBundles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-stub-'));
  stubFunctions(folder, '{}');
  return folder;
}

/** `count` pairs of as many source organizations, dealt over the replicas `r0`, `r1`, …, each server with 32 requests. */
export function manyPairs(count: number, replicas = 1, settings = ''): readonly OrganizationPair[] {
  const server = (name: string): string =>
    `{ url: "https://${name}.example.com", user: ec_sync_user, key: { secret: chef-sync/${name} }, requestsInFlight: 32 }`;
  const lines = (many: number, line: (n: number) => string): string[] =>
    Array.from({ length: many }, (_, n) => line(n));
  const text = [
    'version: 1',
    `primary: ${server('primary')}`,
    'replicas:',
    ...lines(replicas, (n) => `  r${n}: ${server(`r${n}`)}`),
    'organizations:',
    ...lines(count, (n) => `  - { source: org${n}, replica: r${n % replicas}${settings} }`),
  ].join('\n');
  const readFile = (): never => {
    throw new Error('nothing is read: keys are secrets');
  };
  return parseConfig(text, { file: 'chef-sync.yaml', home: 'aws', readFile }).pairs;
}

/** A stack and its templates: that of the stack itself first, then those of its parts. */
export interface Synthesized {
  readonly stack: ChefSyncStack;
  readonly template: Template;
  readonly templates: readonly Template[];
  readonly assembly: CloudAssembly;
}

/**
 * An app with the feature flags of `cdk.json`, as the CLI makes it; `context` is what `-c` sets. CDK's own check of every
 * template takes longer than making it, so only a test that is about it has it on.
 */
export const createApp = (context: Readonly<Record<string, string>> = {}, isChecked = false, outdir?: string): App =>
  new App({
    context: { ...cdkJson.context, ...context },
    outdir,
    analyticsReporting: false,
    builtinCloudFormationValidation: isChecked,
  });

/** Synthesizes a stack of one pair without an `aws:` section, but for what `props` says. */
export function synthesize(
  props: Partial<ChefSyncStackProps> & { readonly stackName?: string } = {},
  app = createApp(),
): Synthesized {
  const { stackName = 'chef-sync', ...rest } = props;
  const stack = new ChefSyncStack(app, stackName, { pairs: manyPairs(1), aws: {}, bundles: stubBundles(), ...rest });
  const parts = stack.node.findAll().filter((node) => node instanceof NestedStack);
  const template = Template.fromStack(stack);
  return {
    stack,
    template,
    templates: [template, ...parts.map((part) => Template.fromStack(part))],
    assembly: app.synth(),
  };
}
