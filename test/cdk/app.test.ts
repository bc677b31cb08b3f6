import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { addChefSyncStack } from '../../cdk/add-chef-sync-stack.ts';
import { bundleFunctions } from '../../cdk/bundle-functions.ts';
import { FUNCTION_NAMES, FUNCTION_TABLE } from '../../cdk/function-table.ts';
import { selfSignedCertificate } from '../support/self-signed-certificate.ts';
import { createApp, stubFunctions } from './stack-under-test.ts';

const SERVERS = `version: 1
primary: { url: "https://chef.example.com", user: sync, key: { secret: chef/primary }, tls: { ca: ca.pem } }
replicas:
  eu: { url: "https://chef-eu.example.com", user: sync, key: { secret: chef/eu } }
`;
const ACME = '  - { source: acme, replica: eu, pollSeconds: 10 }';
const TOOLS = '  - { source: tools, replica: eu }';

const parametersSchema = z.object({ Parameters: z.record(z.string(), z.unknown()) });

let folder: string;

/** Writes a configuration beside its CA, and answers its path. */
const configuration = (name: string, ...organizations: readonly string[]): string => {
  const file = join(folder, name);
  writeFileSync(file, `${SERVERS}organizations:\n${organizations.join('\n')}\n`);
  return file;
};

const synthesizeApp = (context: Readonly<Record<string, string>>, bundle?: typeof stubFunctions) => {
  const app = createApp(context);
  return { stack: addChefSyncStack(app, bundle), assembly: app.synth() };
};

let acmeFirst: ReturnType<typeof synthesizeApp>;

// Bundling takes longer than all else, so the tests share what they can.
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chef-sync-app-'));
  writeFileSync(join(folder, 'ca.pem'), selfSignedCertificate.certificate);
  acmeFirst = synthesizeApp({
    config: configuration('a.yaml', ACME, TOOLS),
    runbook: 'https://wiki.example.com/runbook',
  });
});

describe('the stack of a configuration', () => {
  test('is the same to the byte, the configuration in the functions too, when the file lists its pairs in another order', () => {
    const [one, other] = [
      [ACME, TOOLS],
      [TOOLS, ACME],
    ].map((pairs) => synthesizeApp({ config: configuration('order.yaml', ...pairs) }, stubFunctions).stack);
    if (one === undefined || other === undefined) throw new Error('there are two');
    expect(Template.fromStack(other).toJSON()).toEqual(Template.fromStack(one).toJSON());
  });

  test('carries the configuration, with the private CA in it, beside every function', () => {
    const assets = readdirSync(acmeFirst.assembly.directory).filter((name) => name.startsWith('asset.'));
    expect(assets.length).toBe(FUNCTION_NAMES.length);
    for (const asset of assets) {
      const packed = readFileSync(join(acmeFirst.assembly.directory, asset, 'chef-sync.json'), 'utf8');
      expect(packed).toContain('"name":"eu/acme"');
      expect(packed).toContain('BEGIN CERTIFICATE');
    }
  });

  test('says what frequent polls cost', () => {
    Annotations.fromStack(acmeFirst.stack).hasInfo(
      '/chef-sync',
      Match.stringLikeRegexp(
        'eu/acme is polled every 10 s, which costs about \\$\\d+\\.\\d\\d a month more than every minute',
      ),
    );
  });

  test('says how many functions run at a time when a new account of AWS does not allow so many', () => {
    const organizations = ['acme', 'tools', 'web'].map((source) => `  - { source: ${source}, replica: eu }`);
    const infos = (count: number) => {
      const config = configuration('concurrency.yaml', ...organizations.slice(0, count));
      const { stack } = synthesizeApp({ config }, stubFunctions);
      return Annotations.fromStack(stack).findInfo('/chef-sync', Match.anyValue());
    };

    expect(infos(2)).toEqual([]);
    expect(infos(3).map(({ entry }) => entry.data)).toEqual([
      'up to 13 functions of chef-sync run at a time, and a new account of AWS allows 10: see what yours allows with "aws lambda get-account-settings", and ask for more in Service Quotas ("Concurrent executions" of Lambda) before you deploy',
    ]);
  });

  test('links its alarms to the runbook of the context', () => {
    Template.fromStack(acmeFirst.stack).allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('https://wiki\\.example\\.com/runbook#'),
    });
  });
});

test('the bundle of every function is loaded by Node as it is, knowing only what the stack gives it', () => {
  const { directory } = acmeFirst.assembly;
  const functions = Template.fromStack(acmeFirst.stack).findResources('AWS::Lambda::Function');
  const folders = Object.values(functions).map(({ Properties }) =>
    join(directory, `asset.${Properties.Code.S3Key.replace(/\.zip$/, '')}`),
  );
  const program = `for (const folder of process.argv.slice(1)) {
    const { handler } = await import(folder + '/index.mjs');
    console.log(typeof handler);
  }`;

  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program, ...folders], {
    encoding: 'utf8',
    env: {
      AWS_REGION: 'eu-central-1',
      LAMBDA_TASK_ROOT: folders[0],
      CHEF_SYNC_TABLE: 'table',
      CHEF_SYNC_CONFIG: 'chef-sync.json',
      CHEF_SYNC_QUEUE_PREFIX: 'https://sqs.eu-central-1.amazonaws.com/123456789012/chef-sync-lane-',
      CHEF_SYNC_FINGERPRINT_SECRET: 'fingerprints',
      CHEF_SYNC_LOG_PREFIX: '/aws/lambda/chef-sync-',
      CHEF_SYNC_INSPECTOR: 'chef-sync-inspector',
      POWERTOOLS_SERVICE_NAME: 'chef-sync',
      POWERTOOLS_METRICS_NAMESPACE: 'ChefSync',
    },
  });

  expect(printed).toBe('function\n'.repeat(FUNCTION_NAMES.length));
});

test('the bundles stay small enough for a quick start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-bundles-'));
  bundleFunctions(folder, '{}');
  for (const name of FUNCTION_NAMES) {
    const kilobytes = statSync(join(folder, name, 'index.mjs')).size / 1000;
    expect(kilobytes, name).toBeLessThanOrEqual(FUNCTION_TABLE[name].talksToChef ? 900 : 450);
  }
  rmSync(folder, { recursive: true });
});

describe('the example', () => {
  test('is made with a warning, and asks for a value that keeps it from being deployed', () => {
    const { stack } = synthesizeApp({}, stubFunctions);
    Annotations.fromStack(stack).hasWarning(
      '/chef-sync',
      Match.stringLikeRegexp('this is the example .*chef-sync-aws.yaml.*-c config=FILE'),
    );
    const { Parameters } = parametersSchema.parse(Template.fromStack(stack).toJSON());
    expect(Parameters['ThisIsTheExampleNameYoursWithContextConfig']).toMatchObject({ Type: 'String' });
    expect(Parameters['ThisIsTheExampleNameYoursWithContextConfig']).not.toHaveProperty('Default');
  });

  test('is not what a configuration of yours becomes', () => {
    expect(Object.keys(parametersSchema.parse(Template.fromStack(acmeFirst.stack).toJSON()).Parameters)).toEqual([
      'BootstrapVersion',
    ]);
  });
});

describe('the app refuses', () => {
  test.each([
    ['a configuration that is not there', { config: 'nowhere.yaml' }, 'nowhere.yaml: there is no such file'],
    ['a name that AWS would not take for a stack', { stack: 'chef_sync' }, '-c stack: must be the name of a stack'],
    ['a runbook that is no address', { runbook: 'here' }, '-c runbook: must be the address of the runbook'],
  ])('%s', (_, context, sentence) => {
    expect(() => addChefSyncStack(createApp(context))).toThrow(sentence);
  });

  test('keys in files, which no function could read', () => {
    const config = configuration('files.yaml', ACME);
    writeFileSync(config, readFileSync(config, 'utf8').replace('secret: chef/eu', 'file: eu.pem'));
    expect(() => addChefSyncStack(createApp({ config }))).toThrow(
      /put the key into Secrets Manager and use \{ secret: NAME \}/,
    );
  });
});
