import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { startReplicatedServers } from './replicated-servers.ts';
import { runCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

describe('chef-sync-ctl run --once', () => {
  test('copies everything, says so on one line per pair and ends 0', async () => {
    await using servers = await startReplicatedServers(['eu', 'us']);

    const { code, stdout } = await runCli('run', '--once', '--config', servers.configFile);

    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^eu\/acme {2}in sync \(6 objects, names as of .*, contents as of .*\)$/),
      expect.stringMatching(/^us\/acme {2}in sync \(6 objects, /),
    ]);
    for (const replica of servers.replicas) {
      expect([...replica.organization('acme').dump().roles.keys()].sort()).toEqual(['base', 'db', 'web']);
    }
  });

  test('ends 3 and names the object that the replica refuses, with the reason, while the others arrive', async () => {
    await using servers = await startReplicatedServers();
    const [replica] = servers.replicas;
    replica?.faults.when(
      { method: 'POST', path: /roles/ },
      { kind: 'answer', status: 400, body: '{"error":["Field \'run_list\' is not valid"]}' },
      { times: 1 },
    );

    const { code, stdout } = await runHere('run', '--once', '--config', servers.configFile);

    expect(code).toBe(3);
    expect(stdout).toMatch(/^eu\/acme {2}unsynced 1$/m);
    expect(stdout).toMatch(/\/roles\/(base|db|web) +upsert +pending .* 1 +in \S+ +.*run_list' is not valid/);
    expect(replica?.organization('acme').dump().roles.size).toBe(2);
  });

  test('ends 3 and shows the deletes that the guard holds, and deletes nothing', async () => {
    await using servers = await startReplicatedServers();
    const organization = servers.primary.organization('acme');
    for (let n = 0; n < 40; n += 1) organization.putRole(`role-${n}`, {});
    await runHere('run', '--once', '--config', servers.configFile);
    for (let n = 0; n < 40; n += 1) organization.deleteRole(`role-${n}`);

    const { code, stdout } = await runHere('run', '--once', '--config', servers.configFile);

    expect(code).toBe(3);
    expect(stdout).toMatch(/40 role deletes held under plan \w+: 40 deletes of 43 objects are more than the 20/);
    // Three roles, an environment, a data bag and its item; what is held is on the replica only.
    const { stdout: status } = await runHere('sync-status', 'eu/acme', '--config', servers.configFile);
    expect(status).toMatch(/^ {2}- 6 objects on the primary as last read$/m);
    expect(stdout).toMatch(/^ {2}and 20 more: chef-sync-ctl unsynced-objects eu\/acme --config \S+$/m);
    expect(servers.replicas[0]?.organization('acme').dump().roles.size).toBe(43);
  });

  test('deletes what a second names pass confirms, within one run', async () => {
    await using servers = await startReplicatedServers();
    await runHere('run', '--once', '--config', servers.configFile);
    servers.primary.organization('acme').deleteRole('web');

    const { code } = await runHere('run', '--once', '--config', servers.configFile);

    expect(code).toBe(0);
    expect([...(servers.replicas[0]?.organization('acme').dump().roles.keys() ?? [])].sort()).toEqual(['base', 'db']);
  }, 30_000);

  test('copies a frozen cookbook version that was uploaded again by force', async () => {
    await using servers = await startReplicatedServers();
    const organization = servers.primary.organization('acme');
    const upload = (text: string): void =>
      organization.putCookbook('nginx', '1.0.0', { frozen: true, files: { 'recipes/default.rb': text } });
    upload('log "first"');
    await runHere('run', '--once', '--config', servers.configFile);
    // This one reads it, and sees that it is frozen.
    await runHere('run', '--once', '--config', servers.configFile);
    upload('log "forced"');

    const { code } = await runHere('run', '--once', '--config', servers.configFile);

    expect(code).toBe(0);
    const copies = servers.replicas[0]?.organization('acme').dump().cookbooks;
    expect(copies).toEqual(organization.dump().cookbooks);
  });

  test('overwrites a version that the primary has no longer frozen, and says that the replica cannot thaw it', async () => {
    await using servers = await startReplicatedServers();
    const organization = servers.primary.organization('acme');
    const upload = (frozen: boolean, text: string): void =>
      organization.putCookbook('nginx', '1.0.0', { frozen, files: { 'recipes/default.rb': text } });
    upload(true, 'log "frozen"');
    await runHere('run', '--once', '--config', servers.configFile);
    organization.deleteCookbook('nginx', '1.0.0');
    upload(false, 'log "uploaded again"');

    const { code, stdout } = await runHere('run', '--once', '--config', servers.configFile);

    expect(code).toBe(3);
    expect(stdout).toMatch(/\/cookbooks\/nginx\/1\.0\.0 .*cannot be thawed.*delete it on the replica/);
    const copies = servers.replicas[0]?.organization('acme').dump();
    expect([...(copies?.files.values() ?? [])].map(String)).toContain('log "uploaded again"');
    expect(copies?.cookbooks.get('nginx/1.0.0')?.isFrozen).toBe(true);
  });

  test('ends 4 when a replica does not answer, and keeps the others equal', async () => {
    await using servers = await startReplicatedServers(['eu', 'us']);
    await servers.replicas[0]?.stop();

    const { code, stdout } = await runHere('run', '--once', '--config', servers.configFile);

    expect(code).toBe(4);
    expect(stdout).toMatch(/^eu\/acme {2}could not be polled: .*replica.*$/m);
    expect(stdout).toMatch(/^us\/acme {2}in sync/m);
  });

  test('tries a replica again at once after it was repaired, however short ago it failed', async () => {
    await using servers = await startReplicatedServers();
    const [replica] = servers.replicas;
    replica?.setRights('sync', 'acme', 'not associated');
    const refused = await runHere('run', '--once', '--config', servers.configFile);
    replica?.setRights('sync', 'acme', 'admin');

    const repaired = await runHere('run', '--once', '--config', servers.configFile);

    expect(refused.code).toBe(4);
    expect(repaired.code).toBe(0);
  });

  test('prints one JSON object with --json, and nothing else on stdout', async () => {
    await using servers = await startReplicatedServers();

    const { code, stdout } = await runCli('run', '--once', '--json', '--config', servers.configFile);

    const shape = z.object({
      version: z.literal(1),
      at: z.iso.datetime(),
      exitCode: z.literal(0),
      pairs: z.tuple([
        z.object({
          pair: z.literal('eu/acme'),
          condition: z.literal('in sync'),
          lagSeconds: z.literal(0),
          counts: z.object({ total: z.literal(6), parked: z.literal(0) }),
          readings: z.object({ replica: z.object({ contentsAt: z.iso.datetime() }) }),
          poll: z.object({ outcome: z.literal('complete') }),
          unsyncedCount: z.literal(0),
          unsynced: z.tuple([]),
        }),
      ]),
    });
    expect(code).toBe(0);
    expect(() => shape.parse(JSON.parse(stdout))).not.toThrow();
  });

  test('says nothing at all with --quiet when every pair is in sync', async () => {
    await using servers = await startReplicatedServers();

    expect(await runHere('run', '--once', '--quiet', '--config', servers.configFile)).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('keeps a structured log per pair and one of the manager beside the state file', async () => {
    await using servers = await startReplicatedServers();
    await runHere('run', '--once', '--config', servers.configFile);

    const lines = (name: string): unknown[] =>
      readFileSync(join(`${servers.stateFile}-logs`, name), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));

    expect(lines('eu.acme.log')).toContainEqual({
      level: 'info',
      time: expect.any(String),
      pair: 'eu/acme',
      scope: 'contents',
      objects: 6,
      message: 'the inventory of the primary found differences',
    });
    expect(lines('manager.log')).toMatchObject([
      { message: 'started', pairs: 1 },
      { message: 'ended', exitCode: 0 },
    ]);
  });
});
