import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../lib/config/load-config.ts';
import { runCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chef-sync-init-'));
  file = join(folder, 'chef-sync.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

const SERVERS = ['--primary', 'https://chef.example.com', '--replica', 'eu=https://chef-eu.example.com'];
const init = (...options: readonly string[]) => runHere('init', '--config', file, ...SERVERS, ...options);

/** What `prepare-org` makes. */
function makeKeys(...names: readonly string[]): void {
  mkdirSync(join(folder, 'keys'));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  for (const name of names) writeFileSync(join(folder, `keys/${name}.pem`), pem, { mode: 0o600 });
}

test('the next commands can be taken as they are when the file has a space in its name', async () => {
  file = join(folder, 'my conf.yaml');

  const { stdout } = await init('--organization', 'acme');

  expect(stdout).toContain(`chef-sync-ctl run --once --config '${file}'`);
});

test('a configuration for one machine that run takes when the keys are there, and the next commands', async () => {
  const { code, stdout, stderr } = await runCli('init', '--config', file, ...SERVERS, '--organization', 'acme');

  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe(`${file} is written. Next:
  chef-sync-ctl prepare-org acme --on primary --reader --admin-user pivotal --admin-key primary-pivotal.pem --config ${file}
  chef-sync-ctl prepare-org acme --on eu --admin-user pivotal --admin-key eu-pivotal.pem --config ${file}
  chef-sync-ctl doctor --config ${file}
  chef-sync-ctl plan eu/acme --config ${file}
  chef-sync-ctl run --once --config ${file}
  chef-sync-ctl run --config ${file}
`);
  makeKeys('primary', 'eu');
  const { pairs, warnings } = loadConfig(file);
  expect(warnings).toEqual([]);
  expect(pairs).toMatchObject([
    {
      name: 'eu/acme',
      primary: {
        url: 'https://chef.example.com',
        user: 'ec_sync_user',
        key: { file: join(folder, 'keys/primary.pem') },
      },
      replica: { url: 'https://chef-eu.example.com', key: { file: join(folder, 'keys/eu.pem') } },
    },
  ]);
});

test('a configuration for AWS, whose keys are secrets', async () => {
  const { code, stdout } = await init('--home', 'aws', '--organization', 'acme', '--user', 'mirror', '--json');

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    exitCode: 0,
    file,
    home: 'aws',
    next: [expect.anything(), expect.anything(), 'npx cdk bootstrap', `npx cdk deploy -c config=${file}`],
  });
  expect(loadConfig(file, { home: 'aws' }).pairs).toMatchObject([
    { primary: { user: 'mirror', key: { secret: 'chef-sync/primary' } }, replica: { key: { secret: 'chef-sync/eu' } } },
  ]);
});

test('several replicas and organizations, also of names that YAML would take for something else', async () => {
  const others = ['--replica', 'us=http://[::1]:8889/chef', '--organization', '123=true', '--organization', 'acme'];

  const { code } = await init(...others);

  expect(code).toBe(0);
  makeKeys('primary', 'eu', 'us');
  expect(loadConfig(file).pairs.map(({ name, source }) => `${source} ${name}`)).toEqual([
    '123 eu/true',
    '123 us/true',
    'acme eu/acme',
    'acme us/acme',
  ]);
});

test('a configuration that is there is replaced with --force only', async () => {
  writeFileSync(file, 'mine');

  const refused = await init('--organization', 'acme');

  expect(refused).toMatchObject({
    code: 2,
    stdout: '',
    stderr: `chef-sync-ctl: ${file} exists already: replace it with --force, or name another with --config.\n`,
  });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(await init('--organization', 'acme', '--force')).toMatchObject({ code: 0 });
  expect(readFileSync(file, 'utf8')).toContain('source: acme');
});

test.each([
  [[], 'give --primary, --replica and --organization; they are asked for on a terminal only'],
  [['--organization', 'Acme'], `--organization: "Acme" must be an organization's short name`],
  [['--organization', 'acme', '--replica', 'us'], '--replica: "" must be the address of a Chef server'],
  [
    ['--organization', 'acme', '--replica', 'primary=https://x'],
    '"primary" is what the primary is called; choose another name',
  ],
  [
    ['--organization', 'acme', '--replica', 'us=https://chef.example.com'],
    'the pair "us/acme" would copy an organization onto itself',
  ],
  [['--organization', 'acme', '--home', 'moon'], 'Allowed choices are local, aws.'],
])('%j is refused, and nothing is written', async (options, sentence) => {
  const { code, stderr } = await init(...options);

  expect(code).toBe(2);
  expect(stderr).toContain(sentence);
  expect(() => readFileSync(file)).toThrow('ENOENT');
});
