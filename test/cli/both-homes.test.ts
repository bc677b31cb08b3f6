import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { entryKey } from '../../lib/aws/row-keys.ts';
import { STACK } from '../assembly/assembled-stack.ts';
import { contentOf } from '../assembly/organization-content.ts';
import { startSecretsServer } from '../support/aws/secrets-server.ts';
import type { FakeChefServer } from '../support/fake-chef-server.ts';
import { type BothHomes, CONTROL, OPERATORS_COMMANDS, READERS_COMMANDS, STATUS, startBothHomes } from './both-homes.ts';
import { JSON_SHAPES } from './json-shapes.ts';
import type { CliResult } from './run-cli.ts';
import { runHere } from './run-here.ts';
import { startUnpreparedServers } from './unprepared-servers.ts';

let homes: BothHomes;
beforeAll(async () => {
  homes = await startBothHomes();
});
afterAll(() => homes[Symbol.asyncDispose]());

/** Commands that were run for the stack. */
const run = new Set<string>();

/** A command, its exit code, and what it shows. */
type Case = readonly [args: readonly string[], code: number, shows: RegExp];

/** Runs a command in both homes and expects the same of them. */
async function inBoth(...[args, code, shows]: Case): Promise<void> {
  const [here, { invoked, ...there }] = await Promise.all([homes.here(...args), homes.there(...args)]);
  const [command = ''] = args;
  run.add(command);
  expect(homes.comparable(there)).toEqual(homes.comparable(here));
  expect(there.stdout + there.stderr).toMatch(shows);
  expect(there.code).toBe(code);
  // What is refused is refused before anything is steered.
  if (code !== 2) expect(invoked).toEqual(READERS_COMMANDS.includes(command) ? [STATUS] : [CONTROL, STATUS]);
}

const TOO_LARGE = {
  kind: 'answer',
  status: 413,
  body: '{"error":"JSON must be no more than 2000000 bytes."}',
} as const;

describe('a pair that was never polled', () => {
  test.concurrent.each<Case>([
    [['sync-status', '--json'], 4, /"condition":"never polled"/],
    [['plan', 'eu/acme'], 3, /^eu\/acme /m],
    [['check', 'eu/acme'], 3, /^\+ \/roles\/role-3$/m],
  ])('%j', inBoth);
});

describe('a pair in sync', () => {
  beforeAll(() => homes.sync('eu/acme', 'eu/tools'));

  test.concurrent.each<Case>([
    [['sync-status'], 0, /^PAIR .*\neu\/acme +in sync .*\n.*\neu\/tools +in sync /],
    [['sync-status', 'eu/acme'], 0, /^eu\/acme\n {2}state +in sync\n/],
    [['sync-status', '*/tools', '--json'], 0, /"pairs":\[\{"pair":"eu\/tools","condition":"in sync"/],
    [['sync-status', '--max-lag', '10m', '--quiet'], 0, /^$/],
    [['unsynced-objects', 'eu/acme'], 0, /^none\n$/],
    [['plan', 'eu/acme'], 0, /^eu\/acme /m],
    [['check', 'eu/*', '--files'], 0, /^eu\/acme {2}21 objects, 21 equal \(=\)$/m],
    [['check', 'tools', '--equal', '--json'], 0, /\{"sign":"=","path":"\/roles\/hammer"\}/],
    [['doctor'], 0, / 0 failures$/m],
    [['doctor', 'eu', '--write-probe', '--json'], 0, /"verdict":"ok"/],
    [['repair', 'eu/acme', '--json'], 0, /"by":"nobody"/],
  ])('%j', inBoth);

  test.concurrent.each([['sync-log', 'eu/acme'], ['manager-log']])(
    '%s has lines of the documented shape',
    async (...args) => {
      const [here, there, text] = await Promise.all([
        homes.here(...args, '--json'),
        homes.there(...args, '--json'),
        homes.there(...args, '--since', '1h'),
      ]);
      run.add(args[0] ?? '');

      for (const { stdout, stderr } of [here, there]) {
        expect(stdout, stderr).not.toBe('');
        for (const line of stdout.trim().split('\n')) JSON_SHAPES['sync-log, manager-log'].parse(JSON.parse(line));
      }
      expect(there.invoked).toEqual([STATUS]);
      expect(text.code).toBe(0);
      expect(text.stdout).toMatch(
        args.length > 1 ? /^\S+Z info {2}eu\/acme {2}.* function=/m : /^\S+Z info {2}manager {2}/m,
      );
    },
  );

  test.concurrent('sync-log --follow shows what functions say until it is told to stop', async () => {
    const log = homes.start('sync-log', 'eu/acme', '--follow');
    await log.shows(/Z info {2}eu\/acme/);
    log.kill('SIGTERM');

    expect(await log.ended()).toMatchObject({ code: 0, stderr: '' });
  });

  test.concurrent('sync-status --web serves a page of live status of the stack', async ({ expect }) => {
    const page = homes.start('sync-status', '--web');
    const [, url = ''] = await page.shows(/^live status: (\S+)\n/);
    const look = async (): Promise<unknown> => (await fetch(`${url}status.json`)).json();
    await expect.poll(look, { timeout: 20_000 }).toMatchObject({
      summary: '2 pairs, none needs attention',
      pairs: [{ pair: 'eu/acme', state: 'in sync' }, { pair: 'eu/tools' }],
    });
    page.kill('SIGTERM');

    expect((await page.ended()).code).toBe(0);
  });

  test.concurrent('completion knows the pairs of the stack that the environment names', async () => {
    const here = await homes.here('completion', 'pairs');
    const there = await homes.withEnvironment(
      { CHEF_SYNC_STACK: STACK, AWS_ACCESS_KEY_ID: 'any' },
      'completion',
      'pairs',
    );

    expect(there).toEqual({ code: 0, stdout: 'eu/acme\neu/tools\n', stderr: '' });
    expect(here).toEqual(there);
  });
});

describe('of several pairs one with an entry in its ledger that nobody can read', () => {
  const PATH = '/roles/role-3';
  /** Puts something else in the place of the entry in both homes, and answers how to put it back. */
  const spoil = async (): Promise<() => Promise<void>> => {
    const { client } = homes.stack.cloud.dynamo;
    const row = { TableName: homes.stack.tableName(), Key: { ...entryKey('eu/acme', PATH) } };
    const { Item } = await client.send(new GetCommand({ ...row, ConsistentRead: true }));
    const put = (more: object) => client.send(new PutCommand({ TableName: row.TableName, Item: { ...Item, ...more } }));
    const file = new DatabaseSync(join(homes.machine.folder, 'chef-sync.db'));
    const where = 'WHERE pair = ? AND path = ?';
    const body = file.prepare(`SELECT body FROM entry ${where}`).get('eu/acme', PATH)?.['body'] ?? null;
    const set = (text: typeof body) =>
      void file.prepare(`UPDATE entry SET body = ? ${where}`).run(text, 'eu/acme', PATH);
    await put({ packed: Buffer.from('nothing') });
    set('nothing');
    return async () => {
      await put({});
      set(body);
      file.close();
    };
  };

  test('is told by plan in both homes, the others are read all the same, and the exit code says failure', async () => {
    const putBack = await spoil();
    const [here, there] = await Promise.all([homes.here('plan', '--json'), homes.there('plan', '--json')]).finally(
      putBack,
    );

    expect(here).toMatchObject({ code: 1, stderr: expect.stringContaining('eu/acme: a fault of chef-sync itself: ') });
    expect(there).toMatchObject({ code: 4, stderr: expect.stringContaining('eu/acme: The inspector died 3 times ') });
    for (const { stdout } of [here, there]) {
      expect(JSON_SHAPES.plan.parse(JSON.parse(stdout)).pairs).toMatchObject([
        { pair: 'eu/acme', problem: expect.any(String) },
        { pair: 'eu/tools', counts: {} },
      ]);
    }
    expect((await homes.there('plan')).code).toBe(0);
  });
});

describe('a pair with objects that its replica refuses, deletes that are held, and a replica that somebody changes', () => {
  beforeAll(async () => {
    const { primary } = homes;
    for (const replica of homes.replicas) {
      replica.faults.when({ method: 'PUT', path: /roles\/role-[01]$/ }, TOO_LARGE);
    }
    const acme = primary.organization('acme');
    for (const n of [0, 1, 2]) acme.putRole(`role-${n}`, { description: 'changed' });
    for (let n = 4; n < 12; n += 1) acme.deleteRole(`role-${n}`);
    await homes.sync('eu/acme', 'eu/tools');
    for (const replica of homes.replicas) {
      replica.faults.clear();
      replica.organization('acme').putRole('own', {});
      replica.organization('acme').putRole('role-3', { description: 'mine' });
    }
  });

  test.concurrent.each<Case>([
    [['sync-status'], 3, /^eu\/acme +deletes held 8, unsynced 2 /m],
    [['sync-status', 'eu/acme'], 3, /8 role deletes held under plan /],
    [['sync-status', '--json'], 3, /"parked":2,"held":8/],
    [['unsynced-objects', 'eu/acme'], 3, /^\/roles\/role-0 +upsert +parked .*413/m],
    [['unsynced-objects', 'eu/acme', '--json'], 3, /"path":"\/roles\/role-11","action":"delete","state":"held"/],
    [
      ['unsynced-objects', 'eu/*', '--only', 'held', '--match', 'roles/role-1*'],
      3,
      /^\/roles\/role-10 [\s\S]*\nnone\n$/m,
    ],
    [['unsynced-objects', 'eu/acme', '--match', 'cookbooks/*'], 0, /^none\n$/],
    [['unsynced-objects', 'eu/acme', '--limit', '3'], 3, /^7 objects more; go on with --after \/roles\/role-10$/m],
    [['unsynced-objects', 'eu/acme', '--limit', '3', '--after', '/roles/role-10'], 3, /^\/roles\/role-11 /m],
    [['check', 'eu/acme'], 3, /^\* \/roles\/role-3 {2}description$/m],
    [['check', 'eu/acme', '--json'], 3, /\{"sign":"-","path":"\/roles\/own"\}/],
    [['plan', 'eu/acme', '--json'], 3, /"path":"\/roles\/role-0"/],
  ])('%j', inBoth);

  test('is in sync after the commands that status names', async () => {
    const planOf = async (status: Promise<CliResult>): Promise<string> =>
      /approve-deletes eu\/acme (\w+)/.exec((await status).stdout)?.[1] ?? '';
    const plans = { here: await planOf(homes.here('sync-status')), there: await planOf(homes.there('sync-status')) };

    await inBoth(
      ['approve-deletes', 'eu/acme', 'nope'],
      2,
      /^chef-sync-ctl: eu\/acme has no plan nope; its plans are /,
    );
    const approved = {
      here: await homes.here('approve-deletes', 'eu/acme', plans.here),
      there: await homes.there('approve-deletes', 'eu/acme', plans.there),
    };
    run.add('approve-deletes');
    await inBoth(['retry', 'eu/acme', '/roles/role-1'], 0, /^eu\/acme {2}1 object is due again$/m);
    await inBoth(['retry', 'eu/acme', '--json'], 0, /"objects":1/);
    await inBoth(
      ['notify', 'eu/acme', '/roles/role-3', '/data/users/ann'],
      0,
      /^eu\/acme {2}the next poll looks at 2 objects/m,
    );
    await homes.sync('eu/acme');

    expect(approved.there).toEqual({
      code: 0,
      stdout: 'eu/acme  8 deletes are released\n',
      stderr: '',
      invoked: [CONTROL, STATUS],
    });
    expect(homes.comparable(approved.here).stdout).toBe(approved.there.stdout);
    for (const replica of homes.replicas) {
      const { roles, ...others } = contentOf(replica);
      expect({ ...others, roles: new Map([...roles].filter(([name]) => name !== 'own')) }).toEqual(
        contentOf(homes.primary),
      );
    }
    await inBoth(['sync-status', 'eu/acme'], 0, /1 object only on the replica, never touched/);
  });
});

describe('a pair that an operator stops', () => {
  const role = (n: number): readonly (string | undefined)[] =>
    homes.replicas.map((replica) => replica.organization('acme').dump().roles.get(`role-${n}`));

  test('copies nothing until it is started, and says so', async () => {
    await inBoth(['sync-stop', 'eu/acme'], 0, /^eu\/acme {2}stopped\n$/);
    await inBoth(['sync-status', 'eu/acme'], 5, /^ {2}state +stopped$/m);
    homes.primary.organization('acme').putRole('role-2', { description: 'while it is stopped' });
    await homes.sync('eu/acme');
    for (const text of role(2)) expect(text).not.toContain('while it is stopped');

    await inBoth(['sync-start', '--all', '--json'], 0, /"pair":"eu\/acme","text":"started/);
    await inBoth(['resync', 'eu/acme'], 0, /^eu\/acme {2}everything is read and compared again/);
    await homes.sync('eu/acme');
    for (const text of role(2)) expect(text).toContain('while it is stopped');
    await inBoth(['sync-status', 'eu/acme', '--json'], 0, /"epoch":2/);
  });

  test('has what differs repaired, and what only the replica has deleted when that is asked for', async () => {
    for (const replica of homes.replicas) replica.organization('acme').putRole('role-3', { description: 'mine' });
    const [here, { invoked, ...there }] = await Promise.all([
      homes.here('repair', 'eu/acme', '--delete-extra', '--yes'),
      homes.there('repair', 'eu/acme', '--delete-extra', '--yes'),
    ]);
    await homes.stack.sync('eu/acme');

    // What was found is the same; then this machine does what a stack leaves to its next poll.
    const found = '- /roles/own\n* /roles/role-3  description\n';
    expect(here).toMatchObject({ code: 0, stdout: expect.stringContaining(found) });
    expect(there).toMatchObject({ code: 0, stdout: expect.stringContaining(found) });
    expect(there.stdout).toMatch(
      /^eu\/acme {2}1 object to copy, 1 delete for the delete guard: the next poll does it\n$/m,
    );
    expect(invoked).toEqual([CONTROL, STATUS]);
    for (const replica of homes.replicas) expect(contentOf(replica)).toEqual(contentOf(homes.primary));
  });
});

describe('what is refused is one sentence with the next step, the same of both homes:', () => {
  const misspelt = /^chef-sync-ctl: there is no pair "eu\/acne"; did you mean eu\/acme\?\n$/;

  test.concurrent.each<Case>([
    ...[
      ['sync-status', 'eu/acne'],
      ['unsynced-objects', 'eu/acne'],
      ['sync-log', 'eu/acne'],
      ['sync-stop', 'eu/acne'],
      ['sync-start', 'eu/acne'],
      ['retry', 'eu/acne'],
      ['notify', 'eu/acne', '/roles/web'],
      ['resync', 'eu/acne'],
      ['approve-deletes', 'eu/acne', 'p'],
      ['forget', 'eu/acne'],
      ['plan', 'eu/acne'],
      ['check', 'eu/acne'],
      ['repair', 'eu/acne'],
    ].map((args): Case => [args, 2, misspelt]),
    [['sync-stauts'], 2, /^chef-sync-ctl: unknown command 'sync-stauts'\n\(Did you mean sync-status\?\)/],
    [['sync-stop'], 2, /^chef-sync-ctl: name a pair, or all of them with --all\n/],
    [['sync-stop', '--all', '--timeout', 'soon'], 2, /Give a time like 90s, 10m or 1h30m\./],
    [['retry', 'eu/acme', '/nodes/web'], 2, /Give a path like \/roles\/web: it is no path of a replicated kind\./],
    [
      ['retry', 'eu/acme', '/roles/none'],
      2,
      /\/roles\/none is not waiting to be copied to eu\/acme: see what there is with/,
    ],
    [['approve-deletes', 'eu/*', 'p'], 2, /"eu\/\*" means the pairs eu\/acme, eu\/tools; name one of them/],
    [['repair', 'eu/acme', '--delete-extra'], 2, /there is no terminal to ask on; say --yes/],
    [['doctor', 'us'], 2, /there is no server and no pair "us"/],
  ])('%j', inBoth);
});

describe('what keeps a command from the stack is one sentence with the next step,', () => {
  const LOOK_AND_JOB = ['sync-status', 'check eu/acme'];
  const asked = (env: NodeJS.ProcessEnv, command: string, stack = STACK): Promise<CliResult> =>
    homes.withEnvironment({ AWS_ACCESS_KEY_ID: 'anybody', ...env }, ...command.split(' '), '--stack', stack);
  const refused = (code: number, sentence: string): CliResult => ({
    code,
    stdout: '',
    stderr: `chef-sync-ctl: ${sentence}\n`,
  });

  test.concurrent.each(LOOK_AND_JOB)('of %s, when there are no credentials', async (command) => {
    const { code, stdout, stderr } = await asked({ AWS_ACCESS_KEY_ID: undefined }, command);

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^chef-sync-ctl: There are no AWS credentials \([^\n]*\): sign in with [^\n]*\n$/);
  });

  test.concurrent.each(LOOK_AND_JOB)('of %s, when nothing may be invoked', async (command) => {
    homes.stack.cloud.lambda.permit('nobody', []);

    expect(await asked({ AWS_ACCESS_KEY_ID: 'nobody' }, command)).toEqual(
      refused(
        2,
        `You may not invoke the function ${STATUS} in eu-west-1: ask for the permission lambda:InvokeFunction on it, or use another AWS_PROFILE.`,
      ),
    );
  });

  test.concurrent.each(['sync-stop --all', 'resync eu/acme', 'forget eu/acme', 'check eu/acme', 'doctor'])(
    'of %s, when only the status function may be invoked',
    async (command) => {
      homes.stack.cloud.lambda.permit('reader', [STATUS]);

      const result = await asked({ AWS_ACCESS_KEY_ID: 'reader' }, command);

      expect(result).toEqual(
        refused(
          2,
          `You may not invoke the function ${CONTROL} in eu-west-1: ask for the permission lambda:InvokeFunction on it, or use another AWS_PROFILE.`,
        ),
      );
    },
  );

  test.concurrent.each(LOOK_AND_JOB)('of %s, when there is no such stack', async (command) => {
    expect(await asked({}, command, 'chef-snyc')).toEqual(
      refused(
        2,
        'There is no function chef-snyc-status in eu-west-1: correct the name of the stack (--stack) or the region (AWS_REGION).',
      ),
    );
  });

  test('of each, when its function dies', async () => {
    const { cloud } = homes.stack;
    cloud.crashOn(STATUS, 'query');
    const results = await Promise.all(LOOK_AND_JOB.map((command) => asked({}, command)));
    cloud.crashOn(STATUS);
    cloud.crashOn(CONTROL, 'command');
    const steered = await asked({}, 'resync eu/tools');
    cloud.crashOn(CONTROL);

    const died = (functionName: string): CliResult =>
      refused(
        4,
        `The function ${functionName} in eu-west-1 failed (Error: the process of ${functionName} died): its log group /aws/lambda/${functionName} says more.`,
      );
    expect(results).toEqual(LOOK_AND_JOB.map(() => died(STATUS)));
    expect(steered).toEqual(died(CONTROL));
    expect((await asked({}, 'unsynced-objects eu/acme')).code).toBe(0);
  });
});

describe('a pair that is taken out of the configuration', () => {
  const npx = (): string => join(homes.machine.folder, 'npx');
  /** The configuration of the stack without `eu/tools`. */
  const withoutTools = (): string => {
    const file = join(homes.machine.folder, 'aws.yaml');
    const server = ({ url, user }: FakeChefServer, secret: string) => ({ url, user, key: { secret } });
    writeFileSync(
      file,
      stringify({
        version: 1,
        primary: server(homes.primary, 'chef-sync/primary'),
        replicas: { eu: server(homes.stack.replica(), 'chef-sync/eu') },
        organizations: [{ source: 'acme', replica: 'eu' }],
      }),
    );
    return file;
  };

  test('is shown by reconfigure before anything is deployed, deleted nowhere, listed until it is forgotten', async () => {
    expect((await homes.there('forget', 'eu/tools')).stderr).toBe(
      'chef-sync-ctl: eu/tools is still configured: remove it from the configuration and deploy the stack first.\n',
    );
    homes.machine.follow(['acme']);
    // Deploying needs an account; what is asked of `npx cdk` is written down.
    writeFileSync(npx(), `#!/bin/sh\necho "$*" > "$0.asked"\n`, { mode: 0o755 });
    const aws = withoutTools();
    homes.stack.cloud.lambda.permit('deployer', [STATUS]);
    const deployer = { AWS_ACCESS_KEY_ID: 'deployer', PATH: `${homes.machine.folder}:${process.env['PATH']}` };
    const reconfigure = ['reconfigure', '--config', aws, '--stack', STACK, '--yes'];

    const here = await homes.here('reconfigure');
    const there = await homes.withEnvironment(deployer, ...reconfigure);
    const json = await homes.withEnvironment(deployer, ...reconfigure, '--json');
    run.add('reconfigure');
    await homes.stack.deploy({ organizations: ['acme'] });

    expect(there.stdout).toBe(
      '- eu/tools  removed; its replica stays as it is\n1 pair copies the same objects as before; all other settings of the file, like servers, keys and pollSeconds, are taken over too\n',
    );
    expect(there).toEqual({ code: 0, stdout: there.stdout, stderr: '' });
    expect(here.stdout).toContain(there.stdout);
    expect(readFileSync(`${npx()}.asked`, 'utf8')).toBe(
      `cdk deploy -c config=${aws} -c stack=${STACK} --require-approval never\n`,
    );
    expect(JSON_SHAPES.reconfigure.parse(JSON.parse(json.stdout))).toMatchObject({
      changes: [{ pair: 'eu/tools', change: 'removed' }],
      outcome: 'deployed',
    });
    await inBoth(['sync-status', 'eu/tools'], 0, /^eu\/tools\n {2}state +no longer configured\n/);
    await inBoth(
      ['forget', 'eu/tools', '--json'],
      0,
      /"pair":"eu\/tools","text":"forgotten; the replica keeps everything"/,
    );
    await inBoth(['sync-status', 'eu/tools'], 2, /^chef-sync-ctl: there is no pair "eu\/tools"/);
    for (const replica of homes.replicas)
      expect(contentOf(replica, 'tools')).toEqual(contentOf(homes.primary, 'tools'));
  });
});

test('prepare-org makes the same user and rights whether its key goes into a file or into a secret', async () => {
  await using servers = await startUnpreparedServers();
  const secrets = await startSecretsServer();
  const aws = join(servers.folder, 'aws.yaml');
  writeFileSync(
    aws,
    readFileSync(servers.configFile, 'utf8').replaceAll(
      /key: \{ file: keys\/(\w+)\.pem \}/g,
      'key: { secret: chef/$1 }',
    ),
  );
  const env = { AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url, AWS_ACCESS_KEY_ID: 'operator' };
  const admin = ['--admin-user', 'pivotal', '--admin-key', servers.adminKeyFile];

  const there = await homes.withEnvironment(env, 'prepare-org', 'acme', '--on', 'eu', ...admin, '--config', aws);
  const again = await homes.withEnvironment(
    env,
    'prepare-org',
    'acme',
    '--on',
    'eu',
    ...admin,
    '--config',
    aws,
    '--json',
  );
  await using others = await startUnpreparedServers();
  const here = await others.prepare();
  const denied = await homes.withEnvironment(
    { ...env, AWS_ACCESS_KEY_ID: undefined },
    'prepare-org',
    'acme',
    ...['--on', 'primary', ...admin, '--config', aws],
  );
  secrets.stop();

  expect(there).toEqual({ code: 0, stdout: there.stdout, stderr: '' });
  const inCommon = (stdout: string, url: string, place: string): string =>
    stdout
      .replace(url, 'URL')
      .replace(place, 'PLACE')
      .replace(/[0-9a-f]{32}/, 'GUID');
  expect(inCommon(there.stdout, servers.replica.url, 'the secret chef/eu')).toBe(
    inCommon(here.stdout, others.replica.url, others.replicaKeyFile),
  );
  expect(secrets.get('chef/eu')).toContain('PRIVATE KEY');
  expect(there.stdout + again.stdout).not.toContain('PRIVATE KEY');
  const { steps } = JSON_SHAPES['prepare-org'].parse(JSON.parse(again.stdout));
  expect(steps.filter(({ outcome }) => outcome !== 'found').map(({ step }) => step)).toEqual(['check']);
  expect(denied).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^chef-sync-ctl: There are no AWS credentials /m),
  });
});

test('every command that has an AWS home was run for a stack, and the guide says which function it needs', async () => {
  const { stdout } = await runHere('--help');
  const commands = [...stdout.matchAll(/^ {2}([a-z-]+)(?:\|[a-z-]+)? \[options\]/gm)].map(([, name = '']) => name);
  const helps = await commands.reduce<Promise<readonly string[]>>(
    async (before, name) => [...(await before), (await runHere(name, '--help')).stdout],
    Promise.resolve([]),
  );
  const withStack = commands.filter((_, index) => helps[index]?.includes('\n  --stack <name>'));

  expect([...run].filter((name) => commands.includes(name)).sort()).toEqual(withStack.toSorted());
  expect([...READERS_COMMANDS, ...OPERATORS_COMMANDS, 'reconfigure'].sort()).toEqual(withStack.toSorted());
});
