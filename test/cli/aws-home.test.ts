import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { createDynamoDestinations } from '../../lib/aws/dynamo-destinations.ts';
import { createDynamoLedger } from '../../lib/aws/dynamo-ledger.ts';
import { createDynamoPairState } from '../../lib/aws/dynamo-pair-state.ts';
import { createDynamoTable } from '../../lib/aws/dynamo-table.ts';
import { entryKey, unsyncedKey } from '../../lib/aws/row-keys.ts';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import { newPairState } from '../../lib/model/pair-state.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { type FunctionWorld, startFunctionWorld, TABLE } from '../assembly/function-world.ts';
import type { FakeChefServer } from '../support/fake-chef-server.ts';
import { pendingEntry } from '../support/pending-entry.ts';
import { comparable } from './comparable-output.ts';
import { type CliResult, runCli, startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';
import { type SamePairHere, samePairHere } from './same-pair-here.ts';

let world: FunctionWorld;
let here: SamePairHere;

const acme = (server: FakeChefServer) => server.organization('acme');
const MB = 1_000_000;

/** One world for the whole file: a pair that is followed by a stack and, for comparison, on this machine too. */
beforeAll(async () => {
  world = await startFunctionWorld();
  for (let n = 0; n < 40; n += 1) acme(world.primary).putRole(`role-${n}`, {});
  for (let n = 0; n < 5; n += 1) acme(world.primary).putItem('lists', `item-${n}`, {});
  acme(world.primary).putRole('web', { run_list: ['recipe[web]'] });
  here = samePairHere(world, { inventoryShare: '100%' });
  await syncBoth();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  here[Symbol.dispose]();
});
afterEach(() => world.lambda.failWith(undefined));

const local = (...args: readonly string[]): Promise<CliResult> => runHere(...args, '--config', here.configFile);
const remote = (...args: readonly string[]): Promise<CliResult> => runHere(...args, '--stack', 'stack');

/** The stack polls and copies until nothing is left, then this machine does. */
async function syncBoth(): Promise<void> {
  await world.sync();
  await world.sync();
  await local('run', '--once');
}

/** Runs a command in both homes and expects the same of them; answers what the stack's home printed. */
async function inBoth(...args: readonly string[]): Promise<CliResult> {
  const [printedHere, printedThere] = [await local(...args), await remote(...args)];
  const own = [
    [' --stack stack', ''],
    [` --config ${here.configFile}`, ''],
  ] as const;
  expect(comparable(printedThere, own)).toEqual(comparable(printedHere, own));
  return printedThere;
}

describe('a command prints of a stack what it prints of this machine:', () => {
  test('sync-status of all pairs, of one, and as JSON', async () => {
    expect((await inBoth('sync-status')).stdout).toMatch(/^PAIR .*\neu\/acme {2}in sync /);
    expect((await inBoth('sync-status', 'eu/acme')).stdout).toMatch(/^eu\/acme\n {2}state +in sync\n/);
    const { code, stdout } = await remote('sync-status', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      exitCode: 0,
      pairs: [{ pair: 'eu/acme', condition: 'in sync', counts: { total: 47 } }],
    });
  });

  test('unsynced-objects with its filters, and retry', async () => {
    const refusal = {
      kind: 'answer',
      status: 413,
      body: '{"error":"JSON must be no more than 2000000 bytes."}',
    } as const;
    const fault = world.replica.faults.when({ method: 'PUT', path: /roles\/web/ }, refusal);
    acme(world.primary).putRole('web', { run_list: ['recipe[web::v2]'] });
    await syncBoth();
    world.replica.faults.remove(fault);

    const { code, stdout } = await inBoth('unsynced-objects', 'eu/acme');
    expect(code).toBe(3);
    expect(stdout).toMatch(/^\/roles\/web +upsert +parked .*413/m);
    expect((await inBoth('unsynced-objects', 'eu/acme', '--only', 'parked', '--match', 'roles/w*')).code).toBe(3);
    expect((await inBoth('unsynced-objects', 'eu/acme', '--only', 'held')).stdout).toBe('none\n');
    expect((await inBoth('unsynced-objects', 'eu/acme', '--match', 'cookbooks/*')).code).toBe(0);
    expect((await inBoth('sync-status')).code).toBe(3);

    expect((await inBoth('retry', 'eu/acme', '/roles/web')).stdout).toBe('eu/acme  1 object is due again\n');
    await syncBoth();
    expect(acme(world.replica).dump().roles.get('web')).toContain('v2');
    expect((await inBoth('unsynced-objects', 'eu/acme')).code).toBe(0);
  });

  test('sync-stop, sync-start and resync', async () => {
    expect((await inBoth('sync-stop', 'eu/acme')).stdout).toBe('eu/acme  stopped\n');
    expect((await inBoth('sync-status')).code).toBe(5);
    acme(world.primary).putRole('web', { run_list: ['recipe[web::v3]'] });
    await syncBoth();
    expect(acme(world.replica).dump().roles.get('web')).toContain('v2');

    await inBoth('sync-start', '--all');
    await inBoth('resync', 'acme');
    await syncBoth();
    expect(acme(world.replica).dump().roles.get('web')).toContain('v3');
    expect((await inBoth('sync-status')).code).toBe(0);
  });

  test('what is refused', async () => {
    for (const args of [
      ['sync-status', 'eu/acne'],
      ['sync-stop', 'us/tools'],
      ['sync-start'],
      ['approve-deletes', 'eu/acme', 'nope'],
      ['retry', 'eu/acme', '/nodes/web'],
      ['sync-log', 'eu/acne'],
    ]) {
      expect((await inBoth(...args)).code).toBe(2);
    }
    expect((await remote('retry', 'eu/acme', '/roles/none')).stderr).toBe(
      'chef-sync-ctl: /roles/none is not waiting to be copied to eu/acme: see what there is with "chef-sync-ctl unsynced-objects eu/acme --stack stack".\n',
    );
  });

  test('held deletes go when the command is run that the status of the stack names', async () => {
    for (let n = 0; n < 40; n += 1) acme(world.primary).deleteRole(`role-${n}`);
    for (let n = 0; n < 5; n += 1) acme(world.primary).deleteItem('lists', `item-${n}`);
    await syncBoth();
    const { code, stdout } = await remote('sync-status', 'eu/acme');
    expect(code).toBe(3);
    const [, command = ''] = /chef-sync-ctl (approve-deletes eu\/acme \w+ \w+ --stack stack)$/m.exec(stdout) ?? [];

    const approved = await runHere(...command.split(' '));

    expect(approved).toEqual({ code: 0, stdout: 'eu/acme  45 deletes are released\n', stderr: '' });
    await world.sync();
    expect([...acme(world.replica).dump().roles.keys()]).toEqual(['web']);
  });
});

test('sync-stop waits for copies whose messages are out, and says with 4 what is under way when its time is over', async () => {
  acme(world.primary).putRole('web', { run_list: ['recipe[web::v4]'] });
  await world.pollAlone();

  const impatient = await remote('sync-stop', 'eu/acme', '--timeout', '0s');
  const patient = startCli(['sync-stop', 'eu/acme', '--stack', 'stack']);
  await patient.shows(/a pair still at work, waiting for at most 1m/);
  // A copier that finds the pair stopped gives the object back.
  await world.lane.drain(world.functions.copier);

  expect(impatient).toMatchObject({ code: 4, stdout: 'eu/acme  stopped; one copy under way will still end\n' });
  expect(await patient.ended()).toMatchObject({ code: 0, stdout: 'eu/acme  stopped\n' });
  expect(acme(world.replica).dump().roles.get('web')).not.toContain('v4');
  await remote('sync-start', 'eu/acme');
  await world.sync();
  // It names a cookbook that there is not, which a listing after it was read must show first.
  await world.sync();
  expect(acme(world.replica).dump().roles.get('web')).toContain('v4');
});

test('CHEF_SYNC_STACK names the stack of all commands, and a home that is named goes first', async () => {
  vi.stubEnv('CHEF_SYNC_STACK', 'stack');
  const before = world.lambda.invoked.length;

  const status = await runCli('sync-status');
  const here = await local('sync-status', 'eu/acme');

  expect(status.stdout).toMatch(/^eu\/acme {2}in sync /m);
  expect(here.code).not.toBe(2);
  expect(world.lambda.invoked.slice(before)).toEqual(['stack-status', 'stack-status']);
  vi.stubEnv('CHEF_SYNC_STACK', undefined);
});

test('looking needs no permission on the control function', async () => {
  const before = world.lambda.invoked.length;

  await remote('sync-status');
  await remote('unsynced-objects', 'eu/acme');
  await remote('manager-log');

  expect(new Set(world.lambda.invoked.slice(before))).toEqual(new Set(['stack-status']));
});

test('many unsynced objects come in pages below a megabyte, each once and in order, and can be forgotten', async () => {
  const table = createDynamoTable(world.dynamo.client, TABLE, systemClock);
  await createDynamoDestinations(table).note('us/huge', 'guid');
  const lastError = { code: 'TOO_LARGE', text: 'As many words as a server may use. '.repeat(8) };
  const paths = Array.from({ length: 1_200 }, (_, n): ObjectPath => `/roles/huge-${n}`);
  for (let start = 0; start < paths.length; start += 25) {
    const requests = paths.slice(start, start + 25).map((path) => {
      const body = pendingEntry(path, 1, { state: 'parked', lastError });
      const Item = { ...entryKey('us/huge', path), rev: 'test', body, unsynced: unsyncedKey('parked', 1, path) };
      return { PutRequest: { Item } };
    });
    await world.dynamo.client.send(new BatchWriteCommand({ RequestItems: { [TABLE]: requests } }));
  }
  const before = world.lambda.answerBytes.length;

  const { stdout } = await remote('unsynced-objects', 'us/huge', '--json');
  const limited = await remote('unsynced-objects', 'us/huge', '--limit', '2', '--after', '/roles/huge-9');
  const sizes = world.lambda.answerBytes.slice(before);

  const [{ unsynced }] = JSON.parse(stdout).pairs;
  expect(unsynced.map(({ path }: { path: string }) => path)).toEqual(paths.toSorted());
  expect(limited.stdout).toMatch(
    /^\/roles\/huge-90 .*\n\/roles\/huge-900 .*\n\d+ objects more; go on with --after \/roles\/huge-900\n$/m,
  );
  expect(sizes.length).toBe(2 * (1 + 3));
  expect(Math.max(...sizes)).toBeLessThan(MB);
  expect((await remote('forget', 'us/huge')).code).toBe(0);
  expect(await table.keys({ pk: 'PAIR#us/huge', prefix: 'OBJ#' }, 10)).toEqual([]);
});

describe('the logs of a stack', () => {
  const line = (at: number, level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): string =>
    JSON.stringify({
      level,
      message,
      timestamp: new Date(at).toISOString(),
      service: 'stack',
      cold_start: true,
      function_name: 'stack-poller',
      function_request_id: '8f5b6a',
      ...fields,
    });
  const now = Date.now();

  beforeAll(() => {
    const put = (functionName: string, ageMs: number, text: (at: number) => string): void =>
      world.logs.put(`/aws/lambda/stack-${functionName}`, now - ageMs, text(now - ageMs));
    put('poller', 2_400_000, (at) => line(at, 'INFO', 'polled', { pair: 'eu/acme', outcome: 'complete', lagMs: 0 }));
    put('copier', 40_000, (at) => line(at, 'WARN', 'parked', { pair: 'eu/acme', path: '/roles/web' }));
    put('control', 2_100_000, (at) => line(at, 'INFO', 'an operator asked: stopped', { pair: 'eu/acme' }));
    put('poller', 30_000, (at) => line(at, 'INFO', 'polled', { pair: 'us/acme' }));
    put('poller', 7_200_000, (at) => line(at, 'INFO', 'two hours ago', { pair: 'eu/acme' }));
    put('copier', 35_000, (at) => line(at, 'INFO', 'requests to a Chef server', { server: 'https://a', requests: 3 }));
    put('poller', 20_000, () => 'START RequestId: 8f5b6a Version: $LATEST\n');
    const requestId = '0b5e2c1e-8f5b-4a6a-9b1d-2f6d8a7c3e10';
    put('copier', 10_000, (at) => `${new Date(at).toISOString()} ${requestId} Task timed out after 300.00 seconds\n\n`);
  });

  test('of a pair come from all functions, in the order of their times', async () => {
    const { code, stdout } = await remote('sync-log', 'eu/acme');

    expect(code).toBe(0);
    expect(stdout.replaceAll(/^\S+Z /gm, '')).toBe(
      [
        'info  eu/acme  polled function=poller outcome=complete lagMs=0',
        'info  eu/acme  an operator asked: stopped function=control',
        'warn  eu/acme  parked function=copier path=/roles/web',
        '',
      ].join('\n'),
    );
    expect((await remote('sync-log', 'eu/acme', '--since', '3h')).stdout).toContain('two hours ago');
    expect((await remote('sync-log', 'eu/acme', '--since', '20m')).stdout).toMatch(
      /^\S+ warn {2}eu\/acme {2}parked function=copier path=\/roles\/web\n$/,
    );
  });

  test('of no pair tell of requests and crashes, and nothing of what Lambda says of every invocation', async () => {
    const { stdout } = await remote('manager-log');
    const json = await remote('manager-log', '--json');

    expect(stdout.replaceAll(/^\S+Z /gm, '')).toBe(
      [
        'info  manager  requests to a Chef server function=copier server=https://a requests=3',
        'error manager  Task timed out after 300.00 seconds function=copier',
        '',
      ].join('\n'),
    );
    const lines = json.stdout.trim().split('\n');
    expect(lines.map((text) => JSON.parse(text))).toEqual([
      expect.objectContaining({ level: 'info', message: 'requests to a Chef server', function: 'copier', requests: 3 }),
      expect.objectContaining({ level: 'error', message: 'Task timed out after 300.00 seconds', function: 'copier' }),
    ]);
  });

  test('are followed until the reader is told to stop, each line once', async () => {
    const reader = startCli(['sync-log', 'eu/acme', '--follow', '--stack', 'stack']);
    await reader.shows(/warn {2}eu\/acme {2}parked/);

    const at = Date.now();
    world.logs.put('/aws/lambda/stack-parker', at, line(at, 'WARN', 'something new', { pair: 'eu/acme' }));
    await reader.shows(/warn {2}eu\/acme {2}something new/);
    reader.kill('SIGTERM');

    const { code, stdout } = await reader.ended();
    expect(code).toBe(0);
    expect(stdout.match(/parked/g)).toHaveLength(1);
  });
});

describe('what keeps a command from a stack is one sentence with the next step:', () => {
  const denied = 'User: arn:aws:iam::123456789012:user/ann is not authorized to perform: lambda:InvokeFunction';

  test.each([
    [
      403,
      'AccessDeniedException',
      denied,
      2,
      'You may not invoke the function stack-status in eu-west-1: ask for the permission lambda:InvokeFunction on it, or use another AWS_PROFILE.',
    ],
    [
      403,
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
      2,
      'AWS does not accept the credentials (UnrecognizedClientException): sign in again, and look at the clock of this machine.',
    ],
    [
      403,
      'ExpiredTokenException',
      'The security token included in the request is expired',
      2,
      'AWS does not accept the credentials (ExpiredTokenException): sign in again, and look at the clock of this machine.',
    ],
    [
      429,
      'TooManyRequestsException',
      'Rate Exceeded.',
      4,
      'AWS throttles the function stack-status in eu-west-1: try again in a minute, and see "functions are throttled" in docs/runbook.md if it stays so.',
    ],
    [
      502,
      'EC2ThrottledException',
      'Lambda was throttled by Amazon EC2.',
      4,
      'AWS throttles the function stack-status in eu-west-1: try again in a minute, and see "functions are throttled" in docs/runbook.md if it stays so.',
    ],
  ])('%i %s', async (status, type, message, exit, sentence) => {
    world.lambda.failWith({ status, type, message });

    expect(await remote('sync-status')).toEqual({ code: exit, stdout: '', stderr: `chef-sync-ctl: ${sentence}\n` });
  });

  test('a stack or region that is not the one', async () => {
    expect(await runHere('sync-status', '--stack', 'stck')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'chef-sync-ctl: There is no function stck-status in eu-west-1: correct the name of the stack (--stack) or the region (AWS_REGION).\n',
    });
    expect((await runHere('sync-status', '--stack', 'my stack')).stderr).toBe(
      'chef-sync-ctl: "my stack" is no name of a stack: give the one that it was deployed with, like chef-sync.\n',
    );
  });

  test('a function that fails', async () => {
    world.lambda.deploy('broken-status', () => Promise.reject(new TypeError('x is not a function\n    at y')));

    expect(await runHere('sync-status', '--stack', 'broken')).toEqual({
      code: 4,
      stdout: '',
      stderr:
        'chef-sync-ctl: The function broken-status in eu-west-1 failed (TypeError: x is not a function): its log group /aws/lambda/broken-status says more.\n',
    });
  });

  test('functions of another version', async () => {
    world.lambda.deploy('old-status', async () => [{ status: {} }]);

    expect((await runHere('sync-status', '--stack', 'old')).stderr).toBe(
      'chef-sync-ctl: The function old-status does not answer as this chef-sync-ctl expects it: use the version that deployed the stack, or deploy it again with this one.\n',
    );
  });

  test('no credentials, no region, no network', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('HOME', here.folder);
    const noCredentials = await runCli('sync-status', '--stack', 'stack');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_REGION', undefined);
    const noRegion = await runCli('sync-status', '--stack', 'stack');
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', 'http://127.0.0.1:1');
    const noNetwork = await runCli('sync-status', '--stack', 'stack');
    vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', world.lambda.url);

    expect(noCredentials.code).toBe(2);
    expect(noCredentials.stderr).toMatch(/^chef-sync-ctl: There are no AWS credentials \(.*\): sign in with .*\n$/);
    expect(noRegion.code).toBe(2);
    expect(noRegion.stderr).toBe(
      'chef-sync-ctl: There is no AWS region: set AWS_REGION, or a region in your AWS profile.\n',
    );
    expect(noNetwork.code).toBe(4);
    expect(noNetwork.stderr).toMatch(
      /^chef-sync-ctl: The function stack-status in eu-west-1 cannot be reached \(.*ECONNREFUSED.*\): try again, .*\n$/,
    );
  });

  test('no home at all, and a configuration of the other home', async () => {
    const forAws = join(here.folder, 'aws.yaml');
    writeFileSync(
      forAws,
      stringify({
        version: 1,
        primary: { url: 'https://chef.example.com', user: 'sync', key: { secret: 'chef/primary' } },
        replicas: { eu: { url: 'https://chef-eu.example.com', user: 'sync', key: { secret: 'chef/eu' } } },
        organizations: [{ source: 'acme', replica: 'eu' }],
      }),
    );

    expect(await runCli('sync-status')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'chef-sync-ctl: There is no chef-sync.yaml here: name the configuration with --config FILE, or the stack on AWS with --stack NAME; "chef-sync-ctl init" writes a first one.\n',
    });
    expect((await runHere('sync-stop', '--all', '--config', forAws)).stderr).toBe(
      `chef-sync-ctl: ${forAws} is a configuration for AWS: name its stack with --stack NAME.\n`,
    );
    expect((await runHere('sync-status', '--config', here.configFile, '--stack', 'stack')).stderr).toContain(
      'cannot be used with option',
    );
  });
});

describe('forget', () => {
  test('is refused while the pair is configured', async () => {
    expect((await remote('forget', 'eu/acme')).stderr).toBe(
      'chef-sync-ctl: eu/acme is still configured: remove it from the configuration and deploy the stack first.\n',
    );
  });

  test('removes every row of a pair that was deployed no more, and of no other', async () => {
    const table = createDynamoTable(world.dynamo.client, TABLE, systemClock);
    const state = createDynamoPairState(table, 'us/old');
    await createDynamoDestinations(table).note('us/old', 'guid');
    const leaseUntil = Date.now() + 60_000;
    await state.update(() => ({ ...newPairState(1, 'filter', 'copy'), leaseUntil }));
    const ledger = createDynamoLedger(table, 'us/old');
    for (let n = 0; n < 30; n += 1) await ledger.update(`/roles/r${n}`, () => pendingEntry(`/roles/r${n}`, 1));
    await ledger.writePlan({ id: 'p', kind: 'role', at: 1, reason: 'many', count: 1, samples: [] });

    expect((await remote('sync-status')).stdout).toMatch(
      /^us\/old +no longer configured [\s\S]*: chef-sync-ctl forget us\/old --stack stack$/m,
    );
    expect((await remote('forget', 'us/old')).stderr).toMatch(
      /us\/old is still polled, by a poll that began before the last deployment/,
    );
    await state.update((row) => row && { ...row, leaseUntil: 1 });
    expect(await remote('forget', 'us/old')).toEqual({
      code: 0,
      stdout: 'us/old  forgotten; the replica keeps everything\n',
      stderr: '',
    });

    expect(JSON.parse((await remote('sync-status', '--json')).stdout).pairs).toMatchObject([{ pair: 'eu/acme' }]);
    expect(await table.keys({ pk: 'PAIR#us/old', prefix: 'OBJ#' }, 10)).toEqual([]);
    expect(await ledger.plans()).toEqual([]);
    expect((await remote('forget', 'us/old')).stderr).toContain('there is no pair "us/old"');
  });
});
