import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startFunctionWorld } from '../assembly/function-world.ts';
import { ANY_CREDENTIALS, REGION } from '../support/aws/local-aws.ts';
import { startSecretsServer } from '../support/aws/secrets-server.ts';
import { startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';
import { startUnpreparedServers } from './unprepared-servers.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(join(PROJECT, 'docs/deploy.md'), 'utf8');
/** Every command of the guide, in the order of the text. */
const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));

const chefSyncCtl = (command: string): readonly string[] => command.replace(/^npx /, '').split(' ').slice(1);
const isForStack = (command: string): boolean => command.includes('--stack');
const isForCdk = (command: string): boolean => command.startsWith('npx cdk ');
const isForAwsCli = (command: string): boolean => command.startsWith('aws ');
const isForAccount = (command: string): boolean => isForCdk(command) || isForAwsCli(command);

test('the README deploys with the five commands of the guide', () => {
  const [, block = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(guide) ?? [];
  expect(block.trim().split('\n')).toHaveLength(5);
  expect(readFileSync(join(PROJECT, 'README.md'), 'utf8')).toContain(block);
});

test('what the guide to AWS does before it deploys makes users, keys and a stack that can be deployed', async () => {
  await using servers = await startUnpreparedServers();
  const secrets = await startSecretsServer();
  const cwd = join(servers.folder, 'operator');
  const own = (text: string): string =>
    text
      .replaceAll('https://chef.example.com', servers.primary.url)
      .replaceAll('https://chef-eu.example.com', servers.replica.url);
  mkdirSync(cwd);
  for (const name of ['primary-pivotal.pem', 'eu-pivotal.pem']) {
    writeFileSync(join(cwd, name), servers.primary.keyPem, { mode: 0o600 });
  }
  const env = {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: ANY_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ANY_CREDENTIALS.secretAccessKey,
  };

  try {
    for (const command of commands.filter((one) => !isForStack(one) && !isForAccount(one))) {
      const { code, stderr } = await startCli(chefSyncCtl(own(command)), { cwd, env }).ended();
      expect(code, `${command}: ${stderr}`).toBe(0);
    }
    expect(secrets.get('chef-sync/primary')).toContain('PRIVATE KEY');
    expect(secrets.get('chef-sync/eu')).toContain('PRIVATE KEY');
  } finally {
    secrets.stop();
  }
  expect(servers.replica.organization('acme').dump().roles.size).toBe(0);

  // What `cdk deploy` sends is what `cdk synth` makes, without an account and a network.
  const output = join(servers.folder, 'cdk.out');
  const deploy = commands.find((command) => command.startsWith('npx cdk deploy ')) ?? '';
  const context = deploy
    .split(' ')
    .slice(3)
    .join(' ')
    .replace('chef-sync.yaml', join(cwd, 'chef-sync.yaml'))
    .split(' ');
  const cdk = join(PROJECT, 'node_modules/aws-cdk/bin/cdk');
  await promisify(execFile)(process.execPath, [cdk, 'synth', ...context, '--quiet', '--output', output], {
    cwd: PROJECT,
    env: { ...process.env, AWS_EC2_METADATA_DISABLED: 'true' },
  });
  const [template = ''] = readdirSync(output).filter((name) => name.endsWith('.template.json'));
  const text = readFileSync(join(output, template), 'utf8');
  expect(text).toContain('eu/acme');
  expect(text).not.toContain('PRIVATE KEY');
});

test('every command of the guide to AWS that looks at or steers a stack is answered by its functions', async () => {
  await using world = await startFunctionWorld();
  world.primary.organization('acme').putRole('web', { run_list: ['recipe[web]'] });
  await world.sync();
  await world.sync();

  for (const command of commands.filter(isForStack)) {
    const { code, stderr, stdout } = await runHere(
      ...chefSyncCtl(command.replace('--stack chef-sync', '--stack stack')),
    );
    expect(stderr, command).not.toContain('chef-sync-ctl:');
    expect([0, 3, 5], `${command}: ${stderr}${stdout}`).toContain(code);
  }
});

test('the guide has no command that is left out here, but for those that need an account', () => {
  expect(commands.filter(isForCdk)).toEqual([
    'npx cdk bootstrap',
    'npx cdk deploy -c config=chef-sync.yaml',
    'npx cdk destroy -c config=chef-sync.yaml',
  ]);
  expect(commands.filter(isForAwsCli).map((command) => command.split(' ').slice(1, 3).join(' '))).toEqual([
    'dynamodb list-backups',
    'dynamodb restore-table-from-backup',
    'dynamodb update-time-to-live',
    'dynamodb update-continuous-backups',
    'dynamodb update-table',
  ]);
  expect(commands.filter(isForStack).length).toBeGreaterThan(4);
  expect(commands.filter((one) => one.startsWith('npx chef-sync-ctl prepare-org')).length).toBe(2);
});
