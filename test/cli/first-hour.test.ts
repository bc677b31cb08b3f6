import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type CliProcess, type CliResult, startCli } from './run-cli.ts';
import { startUnpreparedServers } from './unprepared-servers.ts';

const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
const [, walk = ''] = /^## The first hour with your servers\n([\s\S]*?)^## /m.exec(readme) ?? [];
/** The arguments of each command, in the order of the text; comments are left out. */
const commands = [...walk.matchAll(/^ {4}npx chef-sync-ctl (.*?)(?: {2,}#.*)?$/gm)].map(([, line = '']) => line);

/** A plan that finds something to do is no failure. */
const EXPECTED_CODES: Readonly<Record<string, number>> = { 'plan eu/acme': 3 };

test('every command of the first hour in the README does what it says there', async () => {
  await using servers = await startUnpreparedServers();
  const { folder, primary, replica } = servers;
  const cwd = join(folder, 'operator');
  const own = (text: string): string =>
    text.replaceAll('https://chef.example.com', primary.url).replaceAll('https://chef-eu.example.com', replica.url);
  const results = new Map<string, CliResult>();
  let daemon: CliProcess | undefined;
  mkdirSync(cwd);
  for (const name of ['primary-pivotal.pem', 'eu-pivotal.pem']) {
    writeFileSync(join(cwd, name), primary.keyPem, { mode: 0o600 });
  }

  try {
    for (const command of commands) {
      const cli = startCli(own(command).split(' '), { cwd });
      if (command === 'run') {
        daemon = cli;
        await daemon.shows(/info {2}eu\/acme {2}in sync/);
      } else {
        results.set(command, await cli.ended());
      }
    }
  } finally {
    daemon?.kill('SIGTERM');
  }

  for (const [command, { code, stderr, stdout }] of results) {
    expect(code, `${command}: ${stderr}${stdout}`).toBe(EXPECTED_CODES[command] ?? 0);
  }
  expect((await daemon?.ended())?.code).toBe(0);
  expect(results.get('plan eu/acme')?.stdout).toContain('/roles/web');
  expect(results.get('check eu/acme')?.stdout).toMatch(/\d+ equal \(=\)/);
  expect(results.get('sync-status')?.stdout).toMatch(/^eu\/acme +in sync /m);
  // The servers speak plain HTTP, which doctor warns of.
  expect(results.get('doctor')?.stdout).toMatch(/^primary, organization acme$[\s\S]*^eu, organization acme$/m);
  expect(results.get('doctor')?.stdout).toMatch(/^\d+ ok, \d+ warnings?, 0 failures\n$/m);
  expect(results.get('unsynced-objects eu/acme')?.stdout).toBe('none\n');
  expect(results.get('sync-stop eu/acme')?.stdout).toBe('eu/acme  stopped\n');
  expect(results.get('sync-start eu/acme')?.stdout).toBe('eu/acme  started; the next poll goes on\n');
  expect(results.get('run --once')?.stdout).toMatch(/^eu\/acme {2}in sync \(\d+ objects?, .*\)\n$/);
  for (const command of commands.filter((one) => one.startsWith('prepare-org'))) {
    expect(results.get(command)?.stdout).toMatch(
      /^ {2}done {5}check +reads cookbooks, data bags, roles and environments/m,
    );
  }
  expect(results.get('sync-log eu/acme --since 1h')?.stdout).toContain(
    'the inventory of the primary found differences',
  );
  expect(replica.organization('acme').dump().roles.get('web')).toBe(
    primary.organization('acme').dump().roles.get('web'),
  );
  // The configuration that the text shows is the one that init has written, without the defaults.
  const [, shown = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(walk) ?? [];
  expect(parse(readFileSync(join(cwd, 'chef-sync.yaml'), 'utf8'))).toMatchObject(parse(own(shown)));
});

test('the walk is found in the README', () => {
  expect(commands.map((command) => command.split(' ', 1)[0])).toEqual([
    ...['init', 'prepare-org', 'prepare-org', 'doctor', 'plan', 'run', 'check', 'run', 'sync-status'],
    ...['unsynced-objects', 'sync-log', 'sync-stop', 'sync-start'],
  ]);
});
