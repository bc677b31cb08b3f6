import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTlsFront } from '../pipeline/tls-front.ts';
import { isServerInstalled } from '../support/available-servers.ts';
import { htmlPage } from '../support/fault-answers.ts';
import { startGoiardi } from '../support/goiardi.ts';
import { type ReplicatedServers, startReplicatedServers } from './replicated-servers.ts';
import { type CliResult, runCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

let servers: ReplicatedServers;
beforeEach(async () => {
  servers = await startReplicatedServers();
});
afterEach(async () => await servers[Symbol.asyncDispose]());

const here = (...args: readonly string[]): Promise<CliResult> =>
  runHere('doctor', ...args, '--config', servers.configFile);
const replica = () => {
  const [first] = servers.replicas;
  if (first === undefined) throw new Error('there is a replica');
  return first;
};

/** Changes the configuration's text. */
function configure(change: (text: string) => string): void {
  writeFileSync(servers.configFile, change(readFileSync(servers.configFile, 'utf8')));
}

test('two good servers are good, and nothing is written to them', async () => {
  const { code, stdout, stderr } = await runCli('doctor', '--config', servers.configFile);

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^primary, organization acme$/m);
  expect(stdout).toMatch(/^ {2}ok +signing +Takes signatures of version 1\.3, 1\.1, 1\.0; 1\.3 is used\.$/m);
  expect(stdout).toMatch(/^ {2}ok +search +Shows all 3 roles\.$/m);
  expect(stdout).toMatch(/^eu, organization acme$/m);
  expect(stdout).toMatch(/^ {2}ok +limits +Takes objects of 2,000,000 bytes\.$/m);
  expect(stdout).toMatch(/^29 ok, 2 warnings, 0 failures\n$/m);
  const changing = [servers.primary, replica()].flatMap(({ requests }) =>
    requests.entries.filter(({ method, status }) => method !== 'GET' && status < 400),
  );
  expect(changing).toEqual([]);
});

test('--write-probe finds out whether the user can write, and leaves nothing behind', async () => {
  const good = await here('eu/acme', '--write-probe', '--json');
  const made = replica().requests.entries.filter(({ method, status }) => method !== 'GET' && status < 300).length;
  replica().setRights('sync', 'acme', 'reader');
  const bad = await here('eu', '--write-probe');

  expect(JSON.parse(good.stdout)).toMatchObject({
    version: 1,
    exitCode: 0,
    findings: expect.arrayContaining([
      {
        server: 'eu',
        organization: 'acme',
        check: 'write',
        verdict: 'ok',
        text: expect.stringContaining('every kind'),
      },
      expect.objectContaining({ server: 'primary', check: 'feed' }),
    ]),
  });
  expect(made).toBe(10);
  expect(servers.primary.requests.entries.filter(({ method }) => method !== 'GET')).toEqual([]);
  expect(bad.code).toBe(4);
  expect(bad.stdout).toMatch(
    /^ {2}failure +write +Cannot make a role\. The replica denies .*missing create permission/m,
  );
  expect(bad.stdout).not.toMatch(/^primary/m);
  const { roles, environments, dataBags, cookbooks } = replica().organization('acme').dump();
  expect([roles.size, dataBags.size, cookbooks.size]).toEqual([0, 0, 0]);
  expect([...environments.keys()]).toEqual(['_default']);
});

test('--load reads for a while, never more at a time than the configuration allows, and stops at the first failure', async () => {
  configure((text) => text.replace('pollSeconds: 1', 'pollSeconds: 1, requestsInFlight: 4'));
  const good = await here('primary', '--load');
  servers.primary.faults.overload = { beyondInFlight: 2 };
  const bad = await here('primary', '--load');

  expect(good.stdout).toMatch(/^ {2}ok +load .* 1: \d+\/s, \d+ ms; 2: .*; 4: \d+\/s, \d+ ms\.$/m);
  expect(bad.stdout).toMatch(/^ {2}warning +load .*At 4 it failed .*: set `requestsInFlight: 2`\.$/m);
});

describe('what is wrong is said with the next step:', () => {
  test('the key of somebody else', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(join(servers.folder, 'other.pem'), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
      mode: 0o600,
    });
    configure((text) => text.replace(/(eu: .*)key\.pem/, '$1other.pem'));

    const { code, stdout } = await here('eu');

    expect(code).toBe(4);
    expect(stdout).toMatch(/^ {2}failure +key +The replica does not accept our key .*: check `user` and `key` /m);
  });

  test('a user who is no member, and one who may not read roles', async () => {
    replica().setRights('sync', 'acme', 'not associated');
    servers.primary.faults.when(
      { method: 'GET', path: /roles/ },
      { kind: 'answer', status: 403, body: '{"error":["missing read permission"]}' },
    );

    const { code, stdout } = await here();

    expect(code).toBe(4);
    expect(stdout).toMatch(/^ {2}ok +key +The key is that of sync\.$/m);
    expect(stdout).toMatch(/^ {2}failure +organization +The replica does not have our user .*prepare-org/m);
    expect(stdout).toMatch(/^ {2}failure +read roles +The primary denies .*missing read permission/m);
    expect(stdout).toMatch(/^ {2}ok +read environments /m);
  });

  test('a server that is not there; the other one is examined all the same', async () => {
    await replica().stop();

    const { code, stdout } = await here();

    expect(code).toBe(4);
    expect(stdout).toMatch(
      /^ {2}failure +tcp +No connection to 127\.0\.0\.1:\d+ \(ECONNREFUSED\): check that it is up/m,
    );
    expect(stdout).toMatch(/^ {2}ok +organization +sync is a member of acme\.$/m);
  });

  test('a certificate that no known CA signed, and that it is good with that CA', async () => {
    await using front = await startTlsFront(servers.primary.port);
    configure((text) => text.replace(servers.primary.url, front.url));
    const unknown = await here('primary');
    writeFileSync(join(servers.folder, 'ca.pem'), front.ca);
    configure((text) => text.replace(/(primary: .*)key: /, '$1tls: { ca: ca.pem }, key: '));
    const known = await here('primary');

    expect(unknown.code).toBe(4);
    expect(unknown.stdout).toMatch(
      /^ {2}failure +tls +The certificate by chef-sync test does not verify .*: set `tls\.ca`/m,
    );
    expect(known.stdout).toMatch(/^ {2}ok +tls +TLSv1\.3, by chef-sync test, verifies; good until 2120-01-01 /m);
    expect(known.code).toBe(0);
  });

  test.each([
    ['a page of another web site', htmlPage],
    ['JSON of another program', { kind: 'answer', status: 200, body: '{"status":"up"}' } as const],
  ])('%s under the url of the configuration is no Chef server', async (_, answer) => {
    replica().faults.when({ path: /./ }, answer);

    const { code, stdout } = await here('eu');

    expect(code).toBe(4);
    expect(stdout).toMatch(/^ {2}failure +server +The replica answers unlike a Chef server .*: check that the `url` /m);
    expect(stdout).not.toMatch(/^ {2}ok +(organization|key|read )/m);
  });

  test('a name that is neither server nor pair', async () => {
    const { code, stderr } = await here('primry');

    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'chef-sync-ctl: there is no server and no pair "primry"; did you mean primary?\n',
    });
  });
});

test.runIf(isServerInstalled('goiardi'))('a server without organizations is examined as one', async () => {
  const goiardi = await startGoiardi();
  try {
    writeFileSync(join(servers.folder, 'admin.pem'), goiardi.adminKeyPem, { mode: 0o600 });
    const server = `{ url: "${goiardi.url}", user: admin, key: { file: admin.pem }, organization: none }`;
    configure((text) => text.replace(/eu: .*/, `eu: ${server}`));

    const { code, stdout } = await here('eu', '--write-probe');

    expect(stdout).toMatch(/^ {2}warning +api version +Speaks API version 1 only/m);
    expect(stdout).toMatch(/^ {2}ok +write +Made and deleted an object of every kind \(10 requests\)\.$/m);
    expect(code).toBe(0);
  } finally {
    await goiardi.stop();
  }
});

test('a client of the primary is good enough to read it, and is called one', async () => {
  servers.primary.removeUser('sync');
  const keyPem = servers.primary.addClient('sync', 'acme');
  writeFileSync(join(servers.folder, 'key.pem'), keyPem, { mode: 0o600 });

  const { code, stdout } = await here('primary');

  expect(stdout).toMatch(/^ {2}ok +organization +sync is a client of acme\.$/m);
  expect(stdout).toMatch(/^ {2}ok +signing +Takes signatures of version 1\.3, 1\.1, 1\.0; 1\.3 is used\.$/m);
  expect(stdout).toMatch(/^ {2}ok +read cookbooks/m);
  expect(code).toBe(0);
});
