import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoJobs } from '../../lib/aws/dynamo-jobs.ts';
import { createDynamoTable } from '../../lib/aws/dynamo-table.ts';
import { takeJobSlot } from '../../lib/aws/poll-slots.ts';
import { loadConfig } from '../../lib/config/load-config.ts';
import { startJob } from '../../lib/model/job.ts';
import type { Inspector, JobOrder } from '../../lib/runtime/inspector.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { type FunctionWorld, startFunctionWorld, TABLE } from '../assembly/function-world.ts';
import type { FakeChefServer } from '../support/fake-chef-server.ts';
import { type CliResult, startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';
import { type SamePairHere, samePairHere } from './same-pair-here.ts';

let world: FunctionWorld;
let here: SamePairHere;

const acme = (server: FakeChefServer) => server.organization('acme');
const ROLES = 150;
/** Slices of a few seconds in which the first step is made and no second one. */
const HURRIED_SECONDS = 20;

/** A pair of a stack that is in sync but for what somebody changed since, and a configuration of this machine for the same pair. */
beforeAll(async () => {
  world = await startFunctionWorld();
  for (let n = 0; n < ROLES; n += 1) acme(world.primary).putRole(`role-${n}`, {});
  acme(world.primary).putCookbook('apt', '1.0.0', { files: { 'recipes/default.rb': 'package "apt"\n' } });
  await world.sync();
  await world.sync();
  acme(world.replica).putRole('role-7', { description: 'mine' });
  acme(world.replica).putRole('own', {});
  acme(world.primary).putRole('new', {});
  here = samePairHere(world);
}, 120_000);
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  here[Symbol.dispose]();
});

const local = (...args: readonly string[]): Promise<CliResult> => runHere(...args, '--config', here.configFile);
const remote = (...args: readonly string[]): Promise<CliResult> => runHere(...args, '--stack', 'stack');
const slices = (): number => world.lambda.invoked.filter((name) => name === 'stack-inspector').length;
const JOB = /^job ([0-9a-f]{12}); the same command with --job \1 comes back to it\n$/;

describe('a job of the stack prints what the same command prints on this machine:', () => {
  test('check, in one slice or in many', async () => {
    const here = await local('check', 'eu/acme');
    const whole = await remote('check', 'eu/acme');
    world.hurryInspector(HURRIED_SECONDS);
    const before = slices();
    const cut = await remote('check', 'eu/acme', '--equal', '--json');
    world.hurryInspector(300);

    expect(here.stdout).toContain('* /roles/role-7  description\n');
    expect(whole).toEqual({ ...here, stderr: expect.stringMatching(JOB) });
    expect(slices() - before).toBeGreaterThanOrEqual(3);
    const [pair] = JSON.parse(cut.stdout).pairs;
    expect(pair.counts).toEqual({ equal: ROLES, onlyOnPrimary: 1, onlyOnReplica: 1, different: 1, unreadable: 0 });
    expect(pair.objects.map(({ path }: { path: string }) => path)).toEqual(
      pair.objects.map(({ path }: { path: string }) => path).toSorted(),
    );
    expect(pair.objects).toHaveLength(ROLES + 3);
  });

  test('check --files', async () => {
    expect((await remote('check', 'eu/acme', '--files')).stdout).toBe(
      (await local('check', 'eu/acme', '--files')).stdout,
    );
  });

  test('doctor, which says where it tests from', async () => {
    const here = await local('doctor');
    const there = await remote('doctor');
    const json = await remote('doctor', 'eu', '--json');

    expect(there.code).toBe(here.code);
    const [first, ...lines] = there.stdout.split('\n');
    expect(first).toBe('tested from inside the stack stack: its network, its CA, its secrets');
    const checks = (output: readonly string[]): readonly string[] =>
      output.map((line) => line.replace(/^( {2}\w+ +\S+( \S+)*?) {2}.*/, '$1'));
    expect(checks(lines)).toEqual(checks(here.stdout.split('\n')));
    const { stack, findings } = JSON.parse(json.stdout);
    expect(stack).toBe('stack');
    expect(findings).toContainEqual(expect.objectContaining({ server: 'eu', check: 'key', verdict: 'ok' }));
  });
});

test.each<[string, JobOrder]>([
  ['plan', { command: 'plan', pair: 'eu/acme' }],
  ['check', { command: 'check', pair: 'eu/acme', listsEqual: false }],
])('the progress of a %s is as far as on this machine', async (_, order) => {
  const shownBy = async (inspector: Inspector): Promise<number> => {
    const counts: number[] = [];
    await inspector.finish(order, { onCount: (count) => counts.push(count) });
    await inspector.close();
    return Math.max(...counts);
  };
  const { openRemoteInspector } = await import('../../lib/runtime/remote-inspector.ts');
  const { openLocalInspector } = await import('../../lib/runtime/local-inspector.ts');
  const config = loadConfig(here.configFile);

  // The roles, those that somebody made on one side, and the cookbook.
  expect(await shownBy(openRemoteInspector('stack'))).toBe(ROLES + 3);
  expect(await shownBy(openLocalInspector(config, config.pairs))).toBe(ROLES + 3);
});

test('a job whose start is asked for twice, because the answer got lost, is started once', async () => {
  const control = () => world.lambda.invoked.filter((name) => name === 'stack-control').length;
  const before = { slices: slices(), control: control() };
  world.lambda.loseAnswerOf('stack-control');

  const { code, stderr } = await remote('check', 'eu/acme');

  expect(code).toBe(3);
  expect(stderr).toMatch(JOB);
  expect(control() - before.control).toBe(2);
  expect(slices() - before.slices).toBe(1);
});

test('plan knows the ledger of the stack, and writes nothing', async () => {
  const { code, stdout } = await remote('plan', 'eu/acme');

  expect(code).toBe(3);
  expect(stdout).toMatch(/^upsert +\/roles\/new /m);
  expect(stdout).toMatch(/^eu\/acme {2}.*1 only on the replica, never touched$/m);
  expect(acme(world.replica).dump().roles.has('new')).toBe(false);
});

test('a check that was interrupted goes on where it was when somebody comes back to it', async () => {
  world.hurryInspector(HURRIED_SECONDS);
  const first = startCli(['check', 'eu/acme', '--stack', 'stack']);
  await first.shows(JOB);
  first.kill('SIGINT');
  const { code, stderr } = await first.ended();
  const [, job = ''] = JOB.exec(stderr) ?? [];
  expect(code).toBe(130);
  await world.lambda.idle();
  const before = slices();

  const again = await remote('check', 'eu/acme', '--job', job);
  const whole = slices() - before;
  const after = await remote('check', 'eu/acme', '--job', job);
  world.hurryInspector(300);

  expect(again).toEqual({ ...(await local('check', 'eu/acme')), stderr: '' });
  expect(whole).toBeGreaterThan(0);
  expect(after.stdout).toBe(again.stdout);
  expect(slices()).toBe(before + whole);
});

test('repair makes due what it finds, and the next poll copies it; what only the replica has goes when asked', async () => {
  const repaired = await remote('repair', 'eu/acme', '--delete-extra', '--yes');
  await world.sync();
  await world.sync();

  expect(repaired.code).toBe(0);
  expect(repaired.stdout).toMatch(
    /^eu\/acme {2}2 objects to copy, 1 delete for the delete guard: the next poll does it$/m,
  );
  expect(acme(world.replica).dump().roles).toEqual(acme(world.primary).dump().roles);
  // The check can be taken up again; the deletes are asked for again, after another one.
  const [, deleting = ''] =
    /^job (\w+); the same command with --job \1 comes back to it\njob (\w+); the same command deletes what this one leaves\n$/
      .exec(repaired.stderr)
      ?.slice(1) ?? [];
  expect((await remote('repair', 'eu/acme', '--job', deleting)).stderr).toBe(
    `chef-sync-ctl: The job ${deleting} deletes: run "chef-sync-ctl repair eu/acme --delete-extra --stack stack" again.\n`,
  );
});

describe('what is wrong with a job is one sentence with the next step:', () => {
  test.each([
    [['check', 'eu/acne'], 'there is no pair "eu/acne"; did you mean eu/acme?'],
    [
      ['check', 'eu/acme', '--show-values'],
      'Values never leave the functions of a stack: run check --show-values on a machine',
    ],
    [['check', 'eu/acme', '--job', 'beef'], 'There is no job beef: a job is kept for a week; start a new one.'],
    [['doctor', 'us'], 'there is no server and no pair "us"'],
  ])('%j', async (args, sentence) => {
    const { code, stdout, stderr } = await remote(...args);

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(sentence);
  });

  test('a job of another command', async () => {
    const { stderr } = await remote('plan', 'eu/acme');
    const [, job = ''] = /^job (\w+)/.exec(stderr) ?? [];

    expect((await remote('check', 'eu/acme', '--job', job)).stderr).toBe(
      `chef-sync-ctl: The job ${job} is another one: wait for it with "chef-sync-ctl plan eu/acme --job ${job} --stack stack".\n`,
    );
    expect((await local('check', 'eu/acme', '--job', job)).code).toBe(2);
  });

  test('a key that is none, which pauses nobody', async () => {
    world.secrets.put('chef-sync/eu', 'no key');
    const { findings } = JSON.parse((await remote('doctor', 'eu', '--json')).stdout);
    world.secrets.put('chef-sync/eu', world.replica.keyPem);

    expect(findings.at(-1)).toMatchObject({ server: 'eu', check: 'key', verdict: 'failure' });
    expect(JSON.stringify(findings)).not.toContain('no key"');
    expect((await world.status()).status.condition).toBe('in sync');
  });

  test('an inspector that dies again and again ends its job', async () => {
    const jobs = createDynamoJobs(createDynamoTable(world.dynamo.client, TABLE, systemClock));
    const job = startJob({ command: 'plan', pair: 'eu/acme' }, Date.now());
    await jobs.update('dead', () => ({ id: 'dead', job, chunks: 0, attempts: 3 }));

    const { code, stderr } = await remote('plan', 'eu/acme', '--job', 'dead');

    expect(code).toBe(4);
    expect(stderr).toContain(
      'chef-sync-ctl: eu/acme: The inspector died 3 times at the same place of its work: its log says more ("chef-sync-ctl manager-log',
    );
  });
});

test('a job waits while another one reads the same server', async () => {
  const table = createDynamoTable(world.dynamo.client, TABLE, systemClock);
  const until = Date.now() + 3_000;
  const origin = new URL(world.primary.url).origin;
  expect(await takeJobSlot({ table, clock: systemClock, origin, holder: 'other', until })).toBeDefined();

  const { code, stderr } = await remote('check', 'eu/acme');

  expect(code).toBe(0);
  expect(stderr).toContain(`waits: another job reads ${origin}\n`);
  expect(Date.now()).toBeGreaterThan(until);
});

test('status and control read no secret, whatever they are asked', async () => {
  const before = world.secrets.reads();

  await remote('check', 'eu/none');
  await remote('sync-status');

  expect(world.secrets.reads()).toBe(before);
});
