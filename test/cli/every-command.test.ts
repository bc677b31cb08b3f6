import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReplicatedServers, startReplicatedServers } from './replicated-servers.ts';
import { startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

let servers: ReplicatedServers;

/** One pair, in sync. */
beforeAll(async () => {
  servers = await startReplicatedServers();
  expect((await runHere('run', '--once', '--config', servers.configFile)).code).toBe(0);
});
afterAll(async () => await servers[Symbol.asyncDispose]());

const here = (...args: readonly string[]) => runHere(...args, '--config', servers.configFile);

const help = await runHere('--help');
const commands = [...help.stdout.matchAll(/^ {2}([a-z-]+)(?:\|[a-z-]+)? \[options\]/gm)].map(([, name]) => name ?? '');

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const [, section = ''] = /^## Commands\n([\s\S]*?)^###? /m.exec(readme) ?? [];

/** What the text below the table of the README says of all of them, or of all of a kind. */
const COMMON_OPTIONS = ['config', 'stack', 'state', 'job', 'json', 'quiet', 'no-color', 'debug', 'help'];

test('the help names every command that the README names', () => {
  const named = [...section.matchAll(/^\| `(?:chef-sync-ctl )([a-z-]+)[^|]*?(?:`, `([a-z-]+)`)?/gm)].flatMap(
    ([, ...names]) => names,
  );

  expect(new Set(commands)).toEqual(new Set([...named.filter((name) => name !== undefined), 'manager-log']));
});

describe('every command', () => {
  test.each(commands)('%s has an example, exit codes and the options that all have', async (command) => {
    const { code, stdout } = await runHere(command, '--help');

    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Examples?:\n[\\s\\S]*^ {2}\\$ .*chef-sync-ctl ${command}`, 'm'));
    expect(stdout).toMatch(/^Exit codes.*:\n {2}0 /m);
    for (const option of ['--quiet', '--no-color', '--debug']) expect(stdout).toContain(`\n  ${option} `);
  });

  test.each(commands)('%s has its options in the table of the README, and that names no others', async (command) => {
    const { stdout } = await runHere(command, '--help');
    const optionsIn = (text: string): ReadonlySet<string> =>
      new Set(
        [...text.matchAll(/--([a-z-]+)/g)]
          .map(([, name = '']) => name)
          .filter((name) => !COMMON_OPTIONS.includes(name)),
      );
    const rows = section
      .split('\n')
      .filter((line) => new RegExp(`^\\| [^|]*\`(chef-sync-ctl )?${command}[ \`]`).test(line));

    expect(optionsIn(rows.join('\n'))).toEqual(optionsIn([...stdout.matchAll(/^ {2}--[a-z-]+/gm)].join('\n')));
  });

  test('that an operator calls status is sync-status', async () => {
    const status = await here('status', 'eu/acme');

    expect(status.stdout).toMatch(/^eu\/acme\n {2}state +in sync$/m);
    expect(status.code).toBe(0);
    expect((await runHere('stauts')).stderr).toContain('(Did you mean status?)');
  });

  test('that is misspelt is met with the one that is probably meant', async () => {
    expect((await runHere('sync-stauts')).stderr).toContain('(Did you mean sync-status?)');
    expect((await here('check', 'eu/acne')).stderr).toContain('did you mean eu/acme?');
  });
});

describe('--quiet prints nothing when all is well, and everything when it is not:', () => {
  test.each([[['sync-status']], [['unsynced-objects', 'eu/acme']], [['check', 'eu/acme']], [['resync', 'eu/acme']]])(
    '%j',
    async (args) => {
      expect(await here(...args, '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
    },
  );

  test('a pair that is stopped', async () => {
    await here('sync-stop', 'eu/acme');
    const { code, stdout } = await here('sync-status', '--quiet');
    await here('sync-start', 'eu/acme');

    expect(code).toBe(5);
    expect(stdout).toMatch(/^eu\/acme +stopped /m);
  });

  test('of a log the warnings and errors are left', async () => {
    expect((await here('manager-log')).stdout).toContain(' info ');
    expect((await here('manager-log', '--quiet')).stdout).toBe('');
  });
});

describe('colours', () => {
  const coloured = { FORCE_COLOR: '1', NO_COLOR: undefined };

  test('are left out with --no-color and with NO_COLOR, even where they are forced', async () => {
    const args = ['sync-status', '--config', servers.configFile];

    const forced = await startCli(args, { env: coloured }).ended();
    const plain = await startCli([...args, '--no-color'], { env: coloured }).ended();
    const variable = await startCli(args, { env: { NO_COLOR: '1', FORCE_COLOR: undefined } }).ended();

    expect(forced.stdout).toContain('\u001b[');
    expect(plain.stdout).not.toContain('\u001b[');
    expect(variable.stdout).not.toContain('\u001b[');
  });
});

describe('the command to go on with', () => {
  test('names the configuration when it is not the default one', async () => {
    await here('sync-stop', 'eu/acme');
    const { stdout } = await here('sync-status');
    const refused = await here('retry', 'eu/acme', '/roles/web');
    await here('sync-start', 'eu/acme');

    expect(stdout).toMatch(new RegExp(`chef-sync-ctl sync-start eu/acme --config ${servers.configFile}$`, 'm'));
    expect(refused.stderr).toContain(`"chef-sync-ctl unsynced-objects eu/acme --config ${servers.configFile}"`);
  });

  test('is short in the folder of the default configuration', async () => {
    const { stderr } = await startCli(['retry', 'eu/acme', '/roles/web'], { cwd: servers.folder }).ended();

    expect(stderr).toContain('"chef-sync-ctl unsynced-objects eu/acme"');
  });
});

test('times in sentences are local, with their age', async () => {
  const daemon = startCli(['run', '--config', servers.configFile]);
  try {
    await daemon.shows(/in sync/);
    const { stderr } = await here('run');
    expect(stderr).toMatch(/Another daemon \(process \d+, since \d\d:\d\d:\d\d \(\S+ ago\)\) works on the state file/);
  } finally {
    daemon.kill('SIGTERM');
    await daemon.ended();
  }
});
