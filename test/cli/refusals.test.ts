import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import cdkJson from '../../cdk.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { startReplicatedServers } from './replicated-servers.ts';
import { runHere } from './run-here.ts';

describe('what is refused ends 2 with a sentence and a next step:', () => {
  test.each([
    [
      ['run', '--config', '/nonexistent.yaml'],
      '/nonexistent.yaml: there is no such file; name the configuration with --config FILE, or write a first one with "chef-sync-ctl init"',
    ],
    [
      ['run'],
      'chef-sync.yaml: there is no such file; name the configuration with --config FILE, or write a first one with "chef-sync-ctl init"',
    ],
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['sync-stauts'], 'Did you mean sync-status?'],
    [['run', '--onec'], "unknown option '--onec'\n"],
    [['--json', 'sync-status'], "unknown option '--json': options of a command stand behind it"],
    [['unsynced-objects'], "missing required argument 'pair'"],
    [['sync-status', '--max-lag', 'soon'], 'Give a time like 90s, 10m or 1h30m.'],
    [['sync-status', '--config', 'a', '--state', 'b'], 'cannot be used with option'],
    [
      ['sync-status', '--state', '/nonexistent.db'],
      'There is no state in /nonexistent.db yet: "chef-sync-ctl run" creates it',
    ],
  ])('%j', async (args, sentence) => {
    const { code, stdout, stderr } = await runHere(...args);

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
  });

  test('a Node.js that is too old to read the sources of a checkout', () => {
    const program = fileURLToPath(new URL('../../lib/cli/chef-sync-ctl.mjs', import.meta.url));

    // Without stripping of types it is as old as Node.js 20 in this respect.
    const { status, stderr } = spawnSync(process.execPath, ['--no-strip-types', program, 'sync-status'], {
      encoding: 'utf8',
    });

    expect(status).toBe(2);
    expect(stderr).toMatch(/^chef-sync needs Node\.js 24 or later and this is .*\n$/);
  });

  test.each(Object.entries(packageJson.scripts).filter(([, script]) => script.includes('.ts')))(
    'a Node.js that is too old to read the sources, with npm run %s',
    (_, script) => {
      const [program, ...args] = (script.split(' && ')[0] ?? '').split(' ');
      expect(program).toBe('node');

      const { status, stderr } = spawnSync(process.execPath, ['--no-strip-types', ...args], { encoding: 'utf8' });

      expect(status).toBe(2);
      expect(stderr).toMatch(/^chef-sync needs Node\.js 24 or later and this is .*\n$/);
    },
  );

  test.each([
    ['cdk deploy', cdkJson.app],
    ['npm test', packageJson.scripts.pretest],
  ])('a Node.js that is too old to read the sources, with %s', (_, command) => {
    const [program, ...args] = command.split(' ');
    expect(program).toBe('node');

    const { status, stderr } = spawnSync(process.execPath, ['--no-strip-types', ...args], { encoding: 'utf8' });

    expect(status).toBe(2);
    expect(stderr).toMatch(/^chef-sync needs Node\.js 24 or later and this is .*\n$/);
  });

  test('every fault of a configuration at once, with its line', async () => {
    await using servers = await startReplicatedServers();
    writeFileSync(servers.configFile, 'version: 1\nprimry: {}\norganizations: []\n');

    const { code, stderr } = await runHere('run', '--once', '--config', servers.configFile);

    expect(code).toBe(2);
    expect(stderr).toContain(`${servers.configFile}:2:1: "primry" is not a known key; did you mean "primary"?`);
    expect(stderr).toContain(`${servers.configFile}:3:`);
  });

  test('a key that is none', async () => {
    await using servers = await startReplicatedServers();
    writeFileSync(join(servers.folder, 'key.pem'), 'no key');

    const { code, stderr } = await runHere('run', '--once', '--config', servers.configFile);

    expect(code).toBe(2);
    expect(stderr).toContain('key.pem');
    expect(stderr).not.toContain('no key"');
  });

  test('a state file in a folder that does not exist', async () => {
    await using servers = await startReplicatedServers();
    const text = `local: { state: missing/chef-sync.db }\n`;
    writeFileSync(servers.configFile, text, { flag: 'a' });

    const { code, stderr } = await runHere('run', '--once', '--config', servers.configFile);

    expect(code).toBe(2);
    expect(stderr).toBe(
      `chef-sync-ctl: The folder ${servers.folder}/missing of the state file and the logs does not exist: make it, or name another file as local.state.\n`,
    );
  });

  test('a state file that is none is not touched', async () => {
    await using servers = await startReplicatedServers();
    writeFileSync(servers.stateFile, 'my notes, not a database');

    const { code, stderr } = await runHere('sync-status', '--config', servers.configFile);

    expect(code).toBe(2);
    expect(stderr).toContain('is no state file');
  });

  test('a pair that there is not, with the one that is probably meant', async () => {
    await using servers = await startReplicatedServers();

    const { code, stderr } = await runHere('unsynced-objects', 'eu/acne', '--config', servers.configFile);

    expect(code).toBe(2);
    expect(stderr).toBe('chef-sync-ctl: there is no pair "eu/acne"; did you mean eu/acme?\n');
  });
});

test('what works but should not stay so is told at every start, even with --quiet', async () => {
  await using servers = await startReplicatedServers();
  chmodSync(join(servers.folder, 'key.pem'), 0o644);

  const { code, stderr } = await runHere('run', '--once', '--quiet', '--config', servers.configFile);

  expect(code).toBe(0);
  expect(stderr).toMatch(/^WARNING .*chef-sync\.yaml:\d+:\d+: the key file .* can be read by other users/);
});

const COMMANDS = [
  ...[
    'init',
    'prepare-org',
    'doctor',
    'run',
    'reconfigure',
    'sync-status',
    'unsynced-objects',
    'plan',
    'check',
    'repair',
    'sync-log',
    'manager-log',
    'sync-stop',
    'sync-start',
    'retry',
    'notify',
  ],
  ...['approve-deletes', 'resync', 'forget', 'completion'],
];

describe('--help', () => {
  test('lists every command', async () => {
    const { stdout } = await runHere('--help');

    expect([...stdout.matchAll(/^ {2}([a-z-]+)(?:\|[a-z-]+)? \[options\]/gm)].map(([, name]) => name)).toEqual(
      COMMANDS,
    );
  });

  test('of the whole shows examples and exit codes', async () => {
    const { stdout } = await runHere('--help');

    expect(stdout).toMatch(/^Examples:\n[\s\S]*^ {2}\$ chef-sync-ctl run/m);
    expect(stdout).toMatch(/^Exit codes.*:\n {2}0 /m);
  });
});
