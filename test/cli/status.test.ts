import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startReplicatedServers } from './replicated-servers.ts';
import { startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

describe('chef-sync-ctl sync-status', () => {
  test('says "never polled" and what to do before the first run, and makes no state file', async () => {
    await using servers = await startReplicatedServers(['eu', 'us']);

    const { code, stdout } = await runHere('sync-status', '--config', servers.configFile);

    expect(code).toBe(4);
    expect(stdout).toMatch(
      /^eu\/acme +never polled +- +- +- +start it: chef-sync-ctl run --config \S+chef-sync\.yaml, or beside a daemon: /m,
    );
    expect(stdout).toMatch(/^us\/acme +never polled/m);
    expect(existsSync(servers.stateFile)).toBe(false);
  });

  test('goes on showing a pair that is no longer configured, and does not count it', async () => {
    await using servers = await startReplicatedServers(['eu', 'us']);
    await runHere('run', '--once', '--config', servers.configFile);
    servers.configure(['us']);

    const all = await runHere('sync-status', '--config', servers.configFile, '--json');
    const one = await runHere('sync-status', 'eu/acme', '--config', servers.configFile);

    const { pairs } = JSON.parse(all.stdout);
    expect(pairs).toMatchObject([{ pair: 'us/acme' }, { pair: 'eu/acme', condition: 'no longer configured' }]);
    expect(one.code).toBe(0);
    expect(one.stdout).toMatch(/no longer configured/);
  });

  test('does not call a pair in sync whose filter changed since the last poll', async () => {
    await using servers = await startReplicatedServers();
    await runHere('run', '--once', '--config', servers.configFile);
    const before = await runHere('sync-status', '--config', servers.configFile);
    expect(before.stdout).toMatch(/^eu\/acme +in sync/m);
    servers.configure(['eu'], 'objects: [roles]');

    const { code, stdout } = await runHere('sync-status', '--config', servers.configFile);

    expect(code).toBe(4);
    expect(stdout).toMatch(/^eu\/acme +bootstrapping \(filter changed\).* the next poll compares both sides anew/m);
    expect(stdout).toMatch(/^no daemon is running: start it with "chef-sync-ctl run --config \S+"$/m);
  });

  test('promises no next poll while no daemon runs, nor of a pair that is no longer configured', async () => {
    await using servers = await startReplicatedServers(['eu', 'us']);
    await runHere('run', '--once', '--config', servers.configFile);
    servers.configure(['us']);

    const { code, stdout } = await runHere('sync-status', '--config', servers.configFile);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^us\/acme +in sync +\S+ \(.* ago\) +- +0s /m);
    expect(stdout).toMatch(/^eu\/acme +no longer configured +\S+ \(.* ago\) +- +- /m);
    expect(stdout).toMatch(/^no daemon is running: start it with "chef-sync-ctl run --config \S+"$/m);
  });

  test('is for an operator who may not read the keys, like every command that only looks or steers', async () => {
    await using servers = await startReplicatedServers();
    await runHere('run', '--once', '--config', servers.configFile);
    rmSync(join(servers.folder, 'key.pem'));
    const codes: Record<string, number | null> = {};
    for (const args of [
      ['sync-status'],
      ['unsynced-objects', 'eu/acme'],
      ['sync-log', 'eu/acme'],
      ['completion', 'pairs'],
      ['sync-stop', 'eu/acme'],
    ]) {
      codes[args[0] ?? ''] = (await runHere(...args, '--config', servers.configFile)).code;
    }
    const check = await runHere('check', 'eu/acme', '--config', servers.configFile);

    expect(codes).toEqual({ 'sync-status': 0, 'unsynced-objects': 0, 'sync-log': 0, completion: 0, 'sync-stop': 0 });
    expect(check.code).toBe(2);
    expect(check.stderr).toMatch(/the key file ".*key\.pem" does not exist/);
  });

  test('shows one pair with the ages of all readings, from the state file alone', async () => {
    await using servers = await startReplicatedServers();
    await runHere('run', '--once', '--config', servers.configFile);

    const { stdout } = await runHere('sync-status', 'acme', '--state', servers.stateFile);

    expect(stdout).toMatch(/^eu\/acme\n {2}state +\S/);
    expect(stdout).toMatch(/ {2}- primary read completely: names \d\d:\d\d:\d\d \(\S+ ago\), contents /);
    expect(stdout).toMatch(/ {2}- replica read completely: names /);
    expect(stdout).toMatch(/ {2}- changes from the inventory, the primary has no feed/);
  });

  test('ends 3 for an object that stays unsynced, whatever --max-lag allows', async () => {
    await using servers = await startReplicatedServers();
    servers.replicas[0]?.faults.when(
      { method: 'POST', path: /roles/ },
      { kind: 'answer', status: 413, body: '{"error":"JSON must be no more than 2000000 bytes."}' },
      { times: 1 },
    );
    await runHere('run', '--once', '--config', servers.configFile);

    const { code, stdout } = await runHere('sync-status', '--max-lag', '1h', '--config', servers.configFile);
    const objects = await runHere('unsynced-objects', 'eu/acme', '--config', servers.configFile);

    expect([3, 4]).toContain(code);
    expect(stdout).toMatch(/which and why: chef-sync-ctl unsynced-objects eu\/acme/);
    expect(objects.code).toBe(3);
    expect(objects.stdout).toMatch(/^PATH +ACTION +STATE +SINCE +ATTEMPTS +NEXT TRY +REASON$/m);
    expect(objects.stdout).toMatch(/^\/roles\/\w+ +upsert +parked +\S+ \(\S+ ago\) +1 +in \S+ +.*413/m);
  });
});

test('a reader that goes away early is no fault', async () => {
  const cli = startCli(['run', '--help'], { isReaderGone: true });

  expect(await cli.ended()).toEqual({ code: 0, stdout: '', stderr: '' });
});
