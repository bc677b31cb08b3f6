import { expect, test } from 'vitest';
import { startReplicatedServers } from './replicated-servers.ts';
import { startCli } from './run-cli.ts';

test('npm start shows a bootstrap and three changes arriving, compares both sides and ends 0 in sync', async () => {
  const { code, stdout, stderr } = await startCli([], { isStart: true }).ended();

  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^4\d objects copied in \S+$/m);
  expect(stdout.match(/ and is so on the replica \S+s later$/gm)).toHaveLength(3);
  for (const [, equal, all] of stdout.matchAll(/^[a-z ]+ (\d+) of +(\d+) equal$/gm)) expect(equal).toBe(all);
  expect(stdout).toMatch(/^cookbook versions +9 of +9 equal$/m);
  expect(stdout).toMatch(/^eu\/acme +in sync /m);
  expect(stdout).not.toContain('\u001b');
});

test('npm start with a configuration runs the daemon on it', async () => {
  await using servers = await startReplicatedServers();

  const { code, stdout } = await startCli(['--config', servers.configFile, '--once'], { isStart: true }).ended();

  expect(code).toBe(0);
  expect(stdout).toMatch(/^eu\/acme {2}in sync/);
});
