import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeChefServer } from '../support/fake-chef-server.ts';
import { JSON_SHAPES } from './json-shapes.ts';
import { type ReplicatedServers, startReplicatedServers } from './replicated-servers.ts';
import { type CliResult, runCli, startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

let servers: ReplicatedServers;
beforeEach(async () => {
  servers = await startReplicatedServers();
});
afterEach(async () => await servers[Symbol.asyncDispose]());

/** A command as a process of its own, on the configuration of this world. */
const ctl = (...args: readonly string[]): Promise<CliResult> => runCli(...args, '--config', servers.configFile);
/** The same in this process. */
const here = (...args: readonly string[]): Promise<CliResult> => runHere(...args, '--config', servers.configFile);

const primary = () => servers.primary.organization('acme');
const replica = () => {
  const [first] = servers.replicas;
  if (first === undefined) throw new Error('there is a replica');
  return first.organization('acme');
};
const writesTo = ({ requests }: FakeChefServer): number =>
  requests.entries.filter(({ method }) => method !== 'GET').length;

describe('plan', () => {
  test('shows what a first run would copy, and does nothing: the run then does just that', async () => {
    replica().putRole('db', { run_list: ['recipe[db]'] });
    replica().putRole('web', { run_list: ['recipe[other]'] });
    replica().putRole('own', {});

    const planned = await ctl('plan', 'eu/acme');

    expect(planned).toEqual({
      code: 3,
      stderr: '',
      stdout: `upsert      /data/users  new on the primary
upsert      /data/users/alice  new on the primary
upsert      /environments/production  new on the primary
upsert      /roles/base  new on the primary
upsert      /roles/web  differs from the primary
The pair was never polled; this is what its first polls do.
eu/acme  5 to copy, 1 only on the replica, never touched
`,
    });
    expect(existsSync(servers.stateFile)).toBe(false);
    expect([...replica().dump().roles.keys()].sort()).toEqual(['db', 'own', 'web']);

    await here('run', '--once');
    const after = await here('plan', 'eu/acme');

    expect(after).toMatchObject({
      code: 0,
      stdout: 'eu/acme  nothing to do, 1 only on the replica, never touched\n',
    });
    expect(replica().dump().roles.get('web')).toContain('recipe[web]');
  });

  test('tells a change of the primary from one of the replica, and what the delete guard holds', async () => {
    for (let n = 0; n < 30; n += 1) primary().putRole(`role-${n}`, {});
    await here('run', '--once');
    for (let n = 0; n < 25; n += 1) primary().deleteRole(`role-${n}`);
    primary().deleteItem('users', 'alice');
    primary().putRole('web', { run_list: ['recipe[web::v2]'] });
    replica().putRole('db', { description: 'by hand' });

    const planned = await here('plan', 'acme', '--json');
    const untouched = replica().dump().roles.size;
    await here('run', '--once');

    expect(JSON.parse(planned.stdout)).toMatchObject({
      version: 1,
      exitCode: 3,
      pairs: [
        {
          pair: 'eu/acme',
          counts: { role: { upsert: 2, delete: 25, leave: 0 }, data_bag_item: { delete: 1 }, unreadable: 0 },
          notes: [
            { note: 'deletes pass', text: 'The delete guard lets the delete of kind data_bag_item pass.' },
            { note: 'deletes held', text: expect.stringContaining('25 deletes of 33 objects are more than the 16') },
          ],
          objects: expect.arrayContaining([
            { action: 'upsert', path: '/roles/web', reason: 'changed on the primary' },
            { action: 'upsert', path: '/roles/db', reason: 'changed on the replica by somebody else' },
            { action: 'delete', path: '/roles/role-3', reason: expect.stringContaining('gone from the primary') },
          ]),
        },
      ],
    });
    expect(untouched).toBe(33);
    expect(replica().dump().roles.size).toBe(33);
    expect(replica().dump().dataBags.get('users')?.size).toBe(0);
    expect(replica().dump().roles.get('web')).toContain('v2');
    expect(replica().dump().roles.get('db')).not.toContain('by hand');
  });

  test('says that a stopped pair does nothing, and what cannot be read', async () => {
    await here('run', '--once');
    await here('sync-stop', 'eu/acme');
    servers.primary.faults.when(
      { method: 'GET', path: /roles\/web/ },
      { kind: 'answer', status: 403, body: '{"error":["missing read permission"]}' },
    );

    const { code, stdout } = await here('plan', 'eu/acme');

    expect(code).toBe(3);
    expect(stdout).toMatch(/^unreadable {2}\/roles\/web {2}The primary denies our user this object .*missing read/m);
    expect(stdout).toMatch(/^The pair is stopped: nothing happens before sync-start\.$/m);
  });
});

describe('check', () => {
  test('--files finds a file that the replica lost though both manifests are equal', async () => {
    primary().putCookbook('app', '1.0.0', { files: { 'recipes/default.rb': 'log "hello"' } });
    await here('run', '--once');
    const [checksum = ''] = replica().dump().files.keys();
    replica().loseFile(checksum);

    const byManifest = await here('check', 'eu/acme');
    const byBytes = await ctl('check', 'eu/acme', '--files');

    expect(byManifest.code).toBe(0);
    expect(byBytes.code).toBe(3);
    expect(byBytes.stdout).toMatch(/^! \/cookbooks\/app\/1\.0\.0 {2}The replica .*recipes\/default\.rb.*lost/m);
  });

  test('shows values only when asked to', async () => {
    primary().putItem('users', 'alice', { password: 'of the primary', uid: 2001 });
    await here('run', '--once');
    replica().putItem('users', 'alice', { password: 'of the replica', uid: 2001 });

    const names = await here('check', 'eu/acme', '--json');
    const values = await ctl('check', 'eu/acme', '--show-values');

    expect(names.stdout).toContain('"fields":["password"]');
    expect(names.stdout).not.toContain('of the');
    expect(values.stdout).toContain(`* /data/users/alice  password
    password
      primary  "of the primary"
      replica  "of the replica"
`);
  });

  test('ends "baseline not compared": differences are unsynced from then on, and repair copies them', async () => {
    // Nobody polls meanwhile, and the pair must not be stale after three seconds.
    servers.configure(['eu'], 'bootstrap: false, pollSeconds: 60');
    replica().putRole('base', { run_list: ['recipe[base]'] });
    await here('run', '--once');
    const before = await here('sync-status');

    const checked = await ctl('check', 'eu/acme');
    const after = await here('sync-status');
    const unsynced = await here('unsynced-objects', 'eu/acme');

    expect(before.stdout).toContain('baseline not compared');
    expect(checked.stdout).toMatch(/^eu\/acme {2}6 objects, 1 equal \(=\), 5 only on the primary \(\+\)$/m);
    expect(after.stdout).toMatch(/^eu\/acme +unsynced 5 /m);
    expect(unsynced.stdout).toMatch(
      /^\/roles\/web .*parked.*The object is missing on the replica since before the baseline/m,
    );
    expect([...replica().dump().roles.keys()]).toEqual(['base']);

    const repaired = await ctl('repair', 'eu/acme');

    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toMatch(/^eu\/acme {2}in sync /m);
    expect([...replica().dump().roles.keys()].sort()).toEqual(['base', 'db', 'web']);
    expect((await here('sync-status')).code).toBe(0);
  });

  test('of a baseline that is equal lets status say "in sync", and later edits of the replica are noticed', async () => {
    servers.configure(['eu'], 'bootstrap: false, pollSeconds: 60');
    for (const role of ['base', 'db', 'web']) replica().putRole(role, { run_list: [`recipe[${role}]`] });
    replica().putItem('users', 'alice', { uid: 2001 });
    replica().putEnvironment('production', { description: 'customers' });
    await here('run', '--once');

    const checked = await here('check', 'eu/acme');
    const status = await here('sync-status');
    replica().putRole('web', { description: 'by hand' });
    await here('run', '--once');

    expect(checked.code).toBe(0);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/^eu\/acme +in sync /m) });
    expect(replica().dump().roles.get('web')).not.toContain('by hand');
  });
});

describe('several pairs', () => {
  // A glob and no pair at all mean the same.
  test.each<['check' | 'plan', RegExp]>([
    ['check', /^us\/acme {2}6 objects, 6 only on the primary \(\+\)$/m],
    ['plan', /^us\/acme {2}6 to copy$/m],
  ])('%s names the one that cannot be read, and goes on with the others', async (command, others) => {
    await using two = await startReplicatedServers(['eu', 'us']);
    two.replicas[0]?.faults.when({ path: /./ }, { kind: 'answer', status: 401, body: '{"error":["unknown user"]}' });

    const shown = await runHere(command, '*', '--config', two.configFile);
    const json = await runHere(command, '--json', '--config', two.configFile);

    expect(shown.stderr).toMatch(/^chef-sync-ctl: eu\/acme: The replica .*unknown user.*\n$/);
    expect(shown.stdout).toMatch(others);
    expect(shown.code).toBe(4);
    expect(JSON.parse(json.stdout)).toMatchObject({
      exitCode: 4,
      pairs: [{ pair: 'eu/acme', problem: expect.stringContaining('eu/acme: The replica ') }, { pair: 'us/acme' }],
    });
    expect(JSON_SHAPES[command].safeParse(JSON.parse(json.stdout)).error?.issues ?? []).toEqual([]);
  });
});

describe('repair', () => {
  test('copies what is missing or different, and deletes nothing', async () => {
    await here('run', '--once');
    replica().deleteRole('web');
    replica().putRole('db', { description: 'by hand' });
    replica().putRole('own', {});
    primary().deleteRole('base');

    const repaired = await ctl('repair', 'eu/acme', '--json');

    expect(JSON.parse(repaired.stdout)).toMatchObject({
      pairs: [
        {
          counts: { equal: 3, onlyOnPrimary: 1, onlyOnReplica: 2, different: 1, unreadable: 0 },
          by: 'this command',
          extras: [],
        },
      ],
    });
    expect([...replica().dump().roles.keys()].sort()).toEqual(['base', 'db', 'own', 'web']);
    expect(replica().dump().roles.get('db')).not.toContain('by hand');
    expect(writesTo(servers.primary)).toBe(0);
  });

  test('leaves the copying to a daemon that runs', async () => {
    const daemon = startCli(['run', '--config', servers.configFile]);
    try {
      await daemon.shows(/in sync/);
      servers.replicas[0]?.faults.when(
        { method: 'PUT', path: /roles\/web/ },
        { kind: 'answer', status: 413, body: '{"error":"JSON must be no more than 2000000 bytes."}' },
        { times: 1 },
      );
      primary().putRole('web', { run_list: ['recipe[web::v2]'] });
      await daemon.shows(/parked/);

      const { code, stdout } = await here('repair', 'eu/acme');

      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: `* /roles/web  run_list
eu/acme  6 objects, 5 equal (=), 1 different (*)
eu/acme  1 object to copy: the daemon does it with its next poll
`,
      });
      await expect.poll(() => replica().dump().roles.get('web'), { timeout: 20_000 }).toContain('v2');
    } finally {
      daemon.kill('SIGKILL');
      await daemon.ended();
    }
  });

  test('--delete-extra asks; without a terminal it wants --yes, and nothing was done', async () => {
    await here('run', '--once');
    replica().putRole('own', {});

    const { code, stdout, stderr } = await ctl('repair', 'eu/acme', '--delete-extra');

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^chef-sync-ctl: there is no terminal to ask on; say --yes /);
    expect([...replica().dump().roles.keys()]).toContain('own');
  });

  test('--delete-extra --yes deletes what only the replica has, a data bag after its items', async () => {
    await here('run', '--once');
    replica().putRole('own', {});
    replica().putItem('mine', 'secret', { of: 'ours' });

    const { code, stdout } = await ctl('repair', 'eu/acme', '--delete-extra', '--yes');

    expect(stdout).toMatch(/^- \/data\/mine\/secret$/m);
    expect(code).toBe(0);
    expect([...replica().dump().roles.keys()].sort()).toEqual(['base', 'db', 'web']);
    expect([...replica().dump().dataBags.keys()]).toEqual(['users']);
    expect((await here('check', 'eu/acme')).code).toBe(0);
  });

  test('--delete-extra of more than the guard lets pass holds all of them until they are approved', async () => {
    await here('run', '--once');
    for (let n = 0; n < 25; n += 1) replica().putRole(`own-${n}`, {});

    const held = await here('repair', 'eu/acme', '--delete-extra', '--yes');
    const [, plan = ''] = /approve-deletes eu\/acme (\w+) --config \S+$/m.exec(held.stdout) ?? [];
    expect(held.code).toBe(3);
    expect(replica().dump().roles.size).toBe(28);

    await here('approve-deletes', 'eu/acme', plan);
    await here('run', '--once');

    expect([...replica().dump().roles.keys()].sort()).toEqual(['base', 'db', 'web']);
  });

  test('a pair that was never polled is refused, and the next step named', async () => {
    const { code, stderr } = await here('repair', 'eu/acme');

    expect(code).toBe(2);
    expect(stderr).toMatch(/^chef-sync-ctl: eu\/acme: The pair was never polled, .*chef-sync-ctl run --once/);
    expect(replica().dump().roles.size).toBe(0);
  });
});
