import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../../lib/local/sandbox-chef-server/fault-switches.ts';
import { startFunctionWorld } from '../assembly/function-world.ts';
import { CTRL_C, hasTerminals, onTerminal } from './on-terminal.ts';
import { type ReplicatedServers, startReplicatedServers } from './replicated-servers.ts';
import { type CliResult, startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';
import { startUnpreparedServers, USER } from './unprepared-servers.ts';

const TIMEOUT = { timeout: 20_000 };

/** Starts a command and presses Ctrl-C when a server has met the fault. */
async function interruptAt(fault: FaultRule, args: readonly string[]): Promise<CliResult> {
  const command = startCli(args);
  await expect.poll(() => fault.hits, TIMEOUT).toBeGreaterThan(0);
  command.kill('SIGINT');
  const result = await command.ended();
  expect(result.stdout + result.stderr).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
  return result;
}

const replicaOf = ({ replicas }: ReplicatedServers, index = 0) => {
  const replica = replicas[index];
  if (replica === undefined) throw new Error('there is a replica');
  return replica;
};
const rolesOf = (servers: ReplicatedServers) => replicaOf(servers).organization('acme').dump().roles;
const slowRoles = (servers: ReplicatedServers, ms = 1_500): FaultRule =>
  replicaOf(servers).faults.when({ method: 'POST', path: /roles/ }, { kind: 'delay', ms });

describe('Ctrl-C leaves nothing half done:', () => {
  test.each(['plan eu/acme', 'check eu/acme', 'doctor'])('%s only reads, and ends at once', async (command) => {
    await using servers = await startReplicatedServers();
    const hanging = servers.primary.faults.when({ method: 'GET', path: /roles/ }, { kind: 'hang' });

    const { code, stdout, stderr } = await interruptAt(hanging, [
      ...command.split(' '),
      '--config',
      servers.configFile,
    ]);

    expect({ code, stdout, stderr }).toEqual({ code: 130, stdout: '', stderr: '' });
    expect(existsSync(servers.stateFile)).toBe(false);
  });

  test('doctor --write-probe takes away what it has made, and examines no further server', async () => {
    await using servers = await startReplicatedServers(['eu', 'us']);

    const { code, stdout, stderr } = await interruptAt(slowRoles(servers), [
      ...['doctor', '--write-probe', '--config', servers.configFile],
    ]);

    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toBe(
      'SIGINT: ends after the server that is being examined; a second one ends at once\n' +
        'chef-sync-ctl: Ended by SIGINT before everything was done: run it again.\n',
    );
    expect(rolesOf(servers).size).toBe(0);
    const { dataBags, cookbooks } = replicaOf(servers).organization('acme').dump();
    expect([dataBags.size, cookbooks.size]).toEqual([0, 0]);
    expect(replicaOf(servers, 1).requests.entries).toEqual([]);
  });

  test('run --once ends when the copies under way have ended, and says what is left; the next one does the rest', async () => {
    await using servers = await startReplicatedServers();
    const config = ['--config', servers.configFile];
    const slow = slowRoles(servers);

    const { code, stdout } = await interruptAt(slow, ['run', '--once', ...config]);
    const copied = rolesOf(servers).size;

    expect(code).toBe(4);
    expect(stdout).toMatch(/^eu\/acme {2}not finished$/m);
    expect(slow.hits).toBe(copied);
    expect((await runHere('run', '--once', ...config)).code).toBe(0);
    expect(rolesOf(servers)).toEqual(servers.primary.organization('acme').dump().roles);
  });

  test('run ends in order', async () => {
    await using servers = await startReplicatedServers();

    const { code, stderr } = await interruptAt(slowRoles(servers), ['run', '--config', servers.configFile]);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('repair ends when the copies under way have ended, and what is left stays due', async () => {
    await using servers = await startReplicatedServers();
    const config = ['--config', servers.configFile];
    await runHere('run', '--once', ...config);
    for (const role of ['base', 'db', 'web']) replicaOf(servers).organization('acme').deleteRole(role);

    const { code, stdout } = await interruptAt(slowRoles(servers), ['repair', 'eu/acme', ...config]);

    expect(code).toBe(4);
    expect(stdout).toMatch(/^eu\/acme {2}not finished$/m);
    expect((await runHere('run', '--once', ...config)).code).toBe(0);
    expect(rolesOf(servers).size).toBe(3);
  });

  test('sync-stop stops waiting; the pair is stopped, and the copy under way ends', async () => {
    await using servers = await startReplicatedServers();
    const config = ['--config', servers.configFile];
    const slow = slowRoles(servers, 8_000);
    const daemon = startCli(['run', ...config]);
    try {
      await expect.poll(() => slow.hits, TIMEOUT).toBeGreaterThan(0);
      const stop = startCli(['sync-stop', 'eu/acme', ...config]);
      await stop.shows(/still at work, waiting/);
      stop.kill('SIGINT');
      const { code, stdout } = await stop.ended();

      expect(code).toBe(4);
      expect(stdout).toMatch(/^eu\/acme {2}stopped; .* under way will still end\n$/);
      expect((await runHere('sync-status', ...config)).code).toBe(5);
      await expect.poll(() => rolesOf(servers).size, TIMEOUT).toBe(slow.hits);
    } finally {
      daemon.kill('SIGKILL');
      await daemon.ended();
    }
  });

  test('sync-log --follow has shown what there was', async () => {
    await using servers = await startReplicatedServers();
    const config = ['--config', servers.configFile];
    await runHere('run', '--once', ...config);
    const log = startCli(['sync-log', 'eu/acme', '--follow', ...config]);
    await log.shows(/found differences/);
    log.kill('SIGINT');

    expect(await log.ended()).toMatchObject({ code: 0, stderr: '' });
  });

  test('npm start takes its servers and its folder away', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chef-sync-demo-test-'));
    const demo = startCli([], { isStart: true, env: { TMPDIR: folder } });
    await demo.shows(/bootstrapping {2}content/);
    const made = readdirSync(folder).length;
    demo.kill('SIGINT');
    const { code, stdout, stderr } = await demo.ended();

    expect({ code, stderr }).toEqual({
      code: 130,
      stderr: 'chef-sync-ctl: Ended by SIGINT before everything was done: run it again.\n',
    });
    expect(stdout).toMatch(/^stopping$/m);
    expect(made).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test('prepare-org ends after the step under way, and goes on from there when it is run again', async () => {
    await using servers = await startUnpreparedServers();
    const slow = servers.replica.faults.when(
      { method: 'POST', path: /\/users/ },
      { kind: 'delay', ms: 1_000 },
      { times: 1 },
    );

    const { code, stdout, stderr } = await interruptAt(slow, [
      ...['prepare-org', 'acme', '--on', 'eu', '--admin-user', 'pivotal', '--admin-key', servers.adminKeyFile],
      ...['--config', servers.configFile],
    ]);
    const { dataBags } = servers.replica.organization('acme').dump();
    const again = await servers.prepare();

    expect(code).toBe(130);
    expect(stdout).toMatch(new RegExp(`^ {2}done {5}user +${USER}$`, 'm'));
    expect(stdout).not.toMatch(/membership/);
    expect(stderr).toBe(
      'SIGINT: ends after the step under way; a second one ends at once\n' +
        'chef-sync-ctl: Ended by SIGINT before everything was done: run it again.\n',
    );
    expect(dataBags.size).toBe(0);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(new RegExp(`^ {2}found {4}user +${USER}$`, 'm'));
    expect(again.stdout).toMatch(/^ {2}found {4}key /m);
  });
});

describe.runIf(hasTerminals)('a terminal has its cursor back', () => {
  const SHOWN = '\u001B[?25h';
  const HIDDEN = '\u001B[?25l';
  const lastCursor = (shown: string): string => (shown.lastIndexOf(SHOWN) > shown.lastIndexOf(HIDDEN) ? SHOWN : HIDDEN);

  test.each(['check eu/acme', 'doctor', 'run --once'])('after Ctrl-C in %s', async (command) => {
    await using servers = await startReplicatedServers();
    servers.primary.faults.when({ method: 'GET', path: /roles/ }, { kind: 'hang' });
    const twice = command === 'run --once' ? ([[/ends when the copies/, CTRL_C]] as const) : [];

    const { code, shown } = await onTerminal(
      [...command.split(' '), '--config', servers.configFile],
      [[/objects compared|examining|bootstrapping|never polled/, CTRL_C], ...twice],
    );

    expect(code, shown).toBe(130);
    expect(shown).toContain(HIDDEN);
    expect(lastCursor(shown)).toBe(SHOWN);
  });

  test('after Ctrl-C in a job of a stack, and reads how to come back to it', async () => {
    await using world = await startFunctionWorld();
    world.primary.organization('acme').putRole('web', {});
    await world.sync();

    const { code, shown } = await onTerminal(['check', 'eu/acme', '--stack', 'stack'], [[/comes back to it/, CTRL_C]]);
    const [, job = ''] =
      /^job (\w+); the same command with --job \1 comes back to it\r$/m.exec(stripVTControlCharacters(shown)) ?? [];
    await world.lambda.idle();
    const again = await runHere('check', 'eu/acme', '--stack', 'stack', '--job', job);

    expect(code, shown).toBe(130);
    expect(lastCursor(shown)).toBe(SHOWN);
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^eu\/acme {2}1 object, 1 equal \(=\)$/m),
      stderr: '',
    });
  });
});
