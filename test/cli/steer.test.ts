import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReplicatedServers, startReplicatedServers } from './replicated-servers.ts';
import { type CliProcess, type CliResult, runCli, startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

let servers: ReplicatedServers;

/** One world for the whole file: each test leaves both pairs in sync. */
beforeAll(async () => {
  servers = await startReplicatedServers(['eu', 'us']);
  for (let n = 0; n < 40; n += 1) servers.primary.organization('acme').putRole(`role-${n}`, {});
  expect((await runHere('run', '--once', '--config', servers.configFile)).code).toBe(0);
});
afterAll(async () => await servers[Symbol.asyncDispose]());

/** A command as a process of its own, on the configuration of this world. */
const ctl = (...args: readonly string[]): Promise<CliResult> => runCli(...args, '--config', servers.configFile);
/** The same in this process. */
const here = (...args: readonly string[]): Promise<CliResult> => runHere(...args, '--config', servers.configFile);

/** What a command says whose work the next poll has to do. */
const nobodyPolls = (): string =>
  `no daemon is running: the next "chef-sync-ctl run --config ${servers.configFile}" does it\n`;

const rolesOf = (replica: number): ReadonlyMap<string, string> | undefined =>
  servers.replicas[replica]?.organization('acme').dump().roles;

describe('without a daemon', () => {
  test('a pair that is stopped is left alone until it is started', async () => {
    const stopped = await ctl('sync-stop', 'eu/acme');
    servers.primary.organization('acme').putRole('base', { run_list: ['recipe[base::v2]'] });
    const once = await here('run', '--once');

    expect(stopped).toEqual({ code: 0, stdout: 'eu/acme  stopped\n', stderr: '' });
    expect(once.code).toBe(5);
    expect(once.stdout).toMatch(
      /^eu\/acme {2}stopped\n {2}let it go on: chef-sync-ctl sync-start eu\/acme --config \S+$/m,
    );
    expect(rolesOf(0)?.get('base')).not.toContain('v2');
    expect(rolesOf(1)?.get('base')).toContain('v2');

    const started = await ctl('sync-start', '--all', '--json');

    expect(JSON.parse(started.stdout)).toMatchObject({
      version: 1,
      exitCode: 0,
      pairs: [
        { pair: 'eu/acme', text: 'started; the next poll goes on' },
        { pair: 'us/acme', text: 'started; the next poll goes on' },
      ],
    });
    expect((await here('run', '--once')).code).toBe(0);
    expect(rolesOf(0)?.get('base')).toContain('v2');
  });

  test('held deletes go when the command is run that the report names', async () => {
    for (let n = 0; n < 40; n += 1) servers.primary.organization('acme').deleteRole(`role-${n}`);
    const held = await here('run', '--once');
    const [, plan = ''] = /chef-sync-ctl approve-deletes eu\/acme (\w+) --config \S+$/m.exec(held.stdout) ?? [];
    expect(rolesOf(0)?.size).toBe(43);

    const wrong = await here('approve-deletes', 'eu/acme', plan, 'nope');
    const approved = await ctl('approve-deletes', 'eu/acme', plan);
    await here('run', '--once');

    expect(wrong.stderr).toBe(`chef-sync-ctl: eu/acme has no plan nope; its plans are ${plan} (40 of kind role).\n`);
    expect(approved).toEqual({ code: 0, stdout: `eu/acme  40 deletes are released\n${nobodyPolls()}`, stderr: '' });
    expect([...(rolesOf(0)?.keys() ?? [])].sort()).toEqual(['base', 'db', 'web']);
    expect(rolesOf(1)?.size).toBe(43);
    await here('approve-deletes', 'us/acme', plan);
    expect((await here('run', '--once')).code).toBe(0);
  });

  test('a parked object is copied after the command that status names', async () => {
    servers.replicas[0]?.faults.when(
      { method: 'PUT', path: /roles\/web/ },
      { kind: 'answer', status: 413, body: '{"error":"JSON must be no more than 2000000 bytes."}' },
      { times: 1 },
    );
    servers.primary.organization('acme').putRole('web', { run_list: ['recipe[web::v2]'] });
    await here('run', '--once');
    const status = await here('sync-status', 'eu/acme');

    const retried = await ctl('retry', 'eu/acme', '/roles/web');
    const again = await here('run', '--once');

    expect(status.stdout).toContain(
      `1 object parked; try again at once: chef-sync-ctl retry eu/acme --config ${servers.configFile}`,
    );
    expect(retried).toEqual({ code: 0, stdout: `eu/acme  1 object is due again\n${nobodyPolls()}`, stderr: '' });
    expect(again.code).toBe(0);
    expect(rolesOf(0)?.get('web')).toContain('v2');
  });

  test('check names what differs on either side and how, and changes nothing', async () => {
    const equal = await here('check', 'eu/acme');
    servers.replicas[0]?.organization('acme').putRole('db', { run_list: ['recipe[other]'], description: 'mine' });
    servers.replicas[0]?.organization('acme').putRole('own', {});
    servers.primary.organization('acme').putRole('new', {});

    const different = await ctl('check', 'eu/acme');
    const json = await here('check', '*/acme', '--json', '--equal');

    expect(equal).toMatchObject({ code: 0, stdout: 'eu/acme  6 objects, 6 equal (=)\n' });
    expect(different).toEqual({
      code: 3,
      stderr: '',
      stdout: `* /roles/db  description, run_list
+ /roles/new
- /roles/own
eu/acme  8 objects, 5 equal (=), 1 only on the primary (+), 1 only on the replica (-), 1 different (*)
`,
    });
    expect(JSON.parse(json.stdout)).toMatchObject({
      exitCode: 3,
      pairs: [
        { pair: 'eu/acme', counts: { equal: 5, onlyOnPrimary: 1, onlyOnReplica: 1, different: 1, unreadable: 0 } },
        { pair: 'us/acme', objects: expect.arrayContaining([{ sign: '=', path: '/data/users/alice' }]) },
      ],
    });
    expect([...(rolesOf(0)?.keys() ?? [])]).not.toContain('new');
  });

  test('resync repairs what was changed on the replica behind our back', async () => {
    const resynced = await ctl('resync', 'eu/acme');
    const once = await here('run', '--once', '--json');

    expect(resynced.stdout).toBe(
      `eu/acme  everything is read and compared again, beginning with the next poll\n${nobodyPolls()}`,
    );
    expect(JSON.parse(once.stdout)).toMatchObject({ pairs: [{ pair: 'eu/acme', epoch: 2 }, { epoch: 1 }] });
    expect(rolesOf(0)?.get('db')).toContain('recipe[db]');
    expect([...(rolesOf(0)?.keys() ?? [])]).toContain('own');
  });

  test('an object that was told of is copied though the inventory would not look at it yet', async () => {
    const slow = join(servers.folder, 'slow.yaml');
    const text = readFileSync(servers.configFile, 'utf8');
    writeFileSync(slow, text.replace('pollSeconds: 1', 'pollSeconds: 1, inventoryShare: 0.000001%'));
    const daemon = startCli(['run', '--config', slow]);
    try {
      await daemon.shows(/info {2}eu\/acme {2}in sync/);
      servers.primary.organization('acme').putRole('db', { run_list: ['recipe[db::told]'] });

      const told = await runCli('notify', '*/acme', '/roles/db', '--config', slow);

      expect(told).toEqual({
        code: 0,
        stdout: ['eu', 'us'].map((name) => `${name}/acme  the next poll looks at 1 object of the primary\n`).join(''),
        stderr: '',
      });
      await expect.poll(() => rolesOf(0)?.get('db'), { timeout: 20_000 }).toContain('told');
      await expect.poll(() => rolesOf(1)?.get('db'), { timeout: 20_000 }).toContain('told');
    } finally {
      daemon.kill('SIGTERM');
      await daemon.ended();
    }
    servers.primary.organization('acme').putRole('db', { run_list: ['recipe[db]'] });
    await here('run', '--once');
  });

  test('a server that does not answer ends check with 4 and a sentence about that side', async () => {
    const fault = servers.replicas[0]?.faults.when({ path: /./ }, { kind: 'answer', status: 502, body: 'bad gateway' });

    const { code, stderr } = await here('check', 'eu/acme');

    if (fault !== undefined) servers.replicas[0]?.faults.remove(fault);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^chef-sync-ctl: eu\/acme: The replica is failing \(.*502.*\): look at its logs .*\n$/);
  });
});

describe('the logs', () => {
  test('are shown as lines for a person, or as they are', async () => {
    const text = await ctl('sync-log', 'eu/acme');
    const json = await here('sync-log', 'eu/acme', '--json', '--since', '1h');
    const manager = await here('manager-log', '--since', '1h');

    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(
      /^\S+Z info {2}eu\/acme {2}the inventory of the primary found differences .*objects=46$/m,
    );
    expect(json.stdout).toBe(readFileSync(join(`${servers.stateFile}-logs`, 'eu.acme.log'), 'utf8'));
    expect(manager.stdout).toMatch(/^\S+Z info {2}manager {2}started pairs=2 once=true$/m);
  });

  test('are followed until the reader is told to stop', async () => {
    const reader = startCli(['sync-log', 'eu/acme', '--follow', '--config', servers.configFile]);
    await reader.shows(/Z info {2}eu\/acme/);

    const line = { level: 'warn', time: new Date().toISOString(), pair: 'eu/acme', message: 'something new' };
    appendFileSync(join(`${servers.stateFile}-logs`, 'eu.acme.log'), `${JSON.stringify(line)}\n`);
    await reader.shows(/Z warn {2}eu\/acme {2}something new$/m);
    reader.kill('SIGTERM');

    expect((await reader.ended()).code).toBe(0);
  });
});

test('a log that is followed ends with its reader', async () => {
  const log = startCli(['sync-log', 'eu/acme', '--follow', '--config', servers.configFile], { isReaderGone: true });

  expect(await log.ended()).toMatchObject({ code: 0, stderr: '' });
});

describe('what is refused names the next step:', () => {
  test.each<readonly [readonly string[], string]>([
    [['sync-stop'], 'name a pair, or all of them with --all'],
    [['sync-start', 'eu/acme', '--all'], 'name pairs, or all of them with --all, not both'],
    [['resync', 'eu/acne'], 'there is no pair "eu/acne"; did you mean eu/acme?'],
    [['sync-stop', '--all', '--timeout', 'soon'], 'Give a time like 90s, 10m or 1h30m.'],
    [['approve-deletes', '*/acme', 'p'], '"*/acme" means the pairs eu/acme, us/acme; name one of them'],
    [['approve-deletes', 'eu/acme', 'p'], 'eu/acme has no plan p; none of its deletes are held.'],
    [['retry', 'eu/acme', '/nodes/web'], 'Give a path like /roles/web: it is no path of a replicated kind.'],
    [['retry', 'eu/acme', '/roles/web'], '/roles/web is not waiting to be copied to eu/acme: see what there is with'],
    [['forget', 'eu/acme'], 'eu/acme is still configured: remove it from the configuration first.'],
    [['check', 'eu/acne'], 'there is no pair "eu/acne"; did you mean eu/acme?'],
    [['sync-log', 'acme'], '"acme" may be any of the pairs eu/acme, us/acme; name one of them'],
  ])('%j', async (args, sentence) => {
    const { code, stdout, stderr } = await here(...args);

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
  });

  test.each<readonly [readonly string[], string]>([
    [['sync-stop', '--all'], 'There is no state in'],
    [['sync-log', 'eu/acme'], 'There is no log'],
    [['manager-log'], 'There is no log'],
  ])('%j before the first run', async (args, sentence) => {
    const config = join(servers.folder, 'unused.yaml');
    writeFileSync(config, `${readFileSync(servers.configFile, 'utf8')}local: { state: unused.db }\n`);

    const { code, stderr } = await runHere(...args, '--config', config);

    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(
        `^chef-sync-ctl: ${sentence} .*unused.* yet: "chef-sync-ctl run --config .*unused.yaml" (creates|writes) it`,
      ),
    );
  });
});

describe('beside a running daemon', () => {
  let daemon: CliProcess;
  beforeAll(async () => {
    daemon = startCli(['run', '--config', servers.configFile]);
    await daemon.shows(/info {2}us\/acme {2}in sync/);
  });
  afterAll(() => daemon.kill('SIGKILL'));

  test('sync-stop waits for the copy under way, and after sync-start the daemon goes on by itself', async () => {
    const slow = servers.replicas[0]?.faults.when({ method: 'PUT', path: /roles\/web/ }, { kind: 'delay', ms: 2_000 });
    servers.primary.organization('acme').putRole('web', { run_list: ['recipe[web::v3]'] });
    await expect.poll(() => slow?.hits, { timeout: 20_000 }).toBeGreaterThan(0);

    const stopped = await ctl('sync-stop', 'eu/acme');

    expect(stopped).toMatchObject({ code: 0, stdout: 'eu/acme  stopped\n' });
    expect(rolesOf(0)?.get('web')).toContain('v3');
    servers.replicas[0]?.faults.clear();
    servers.primary.organization('acme').putRole('web', { run_list: ['recipe[web::v4]'] });
    await expect.poll(() => rolesOf(1)?.get('web'), { timeout: 20_000 }).toContain('v4');
    expect(rolesOf(0)?.get('web')).toContain('v3');
    const started = await here('sync-start', 'eu/acme');
    expect(started.stdout).toBe('eu/acme  started; the next poll goes on\n');
    await expect.poll(() => rolesOf(0)?.get('web'), { timeout: 20_000 }).toContain('v4');
  });

  test('sync-stop says with 4 what is still under way when its time is over', async () => {
    const stuck = servers.replicas[0]?.faults.when({ method: 'PUT', path: /roles\/web/ }, { kind: 'hang' });
    servers.primary.organization('acme').putRole('web', { run_list: ['recipe[web::v5]'] });
    await expect.poll(() => stuck?.hits, { timeout: 20_000 }).toBeGreaterThan(0);

    const { code, stdout } = await here('sync-stop', 'eu/acme', '--timeout', '0s');

    expect(code).toBe(4);
    expect(stdout).toMatch(/^eu\/acme {2}stopped; (one copy|a poll) under way will still end\n$/);
  });

  test('a pair is forgotten only when it is neither configured nor polled any more', async () => {
    servers.configure(['eu']);

    const refused = await here('forget', 'us/acme');
    daemon.kill('SIGKILL');
    await daemon.ended();
    const forgotten = await ctl('forget', 'us/acme');
    const status = await here('sync-status', '--json');

    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      new RegExp(
        `The daemon \\(process ${daemon.pid}, since .*\\) still polls us/acme: .*"chef-sync-ctl reconfigure --config `,
      ),
    );
    expect(forgotten).toEqual({ code: 0, stdout: 'us/acme  forgotten; the replica keeps everything\n', stderr: '' });
    expect(JSON.parse(status.stdout)).toMatchObject({ pairs: [{ pair: 'eu/acme' }] });
    expect(rolesOf(1)?.size).toBeGreaterThan(0);
  });
});
