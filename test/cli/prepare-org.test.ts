import { createPublicKey } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createChefServer } from '../../lib/chef/chef-server.ts';
import { createOrganizationMembers } from '../../lib/chef/organization-members.ts';
import { createRequestLimiters } from '../../lib/chef/request-limiter.ts';
import { readSigningKey } from '../../lib/chef/sign-request.ts';
import { createUserAccounts } from '../../lib/chef/user-accounts.ts';
import { loadConfig } from '../../lib/config/load-config.ts';
import { openChefServers } from '../../lib/runtime/chef-servers.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { isServerInstalled } from '../support/available-servers.ts';
import { ANY_CREDENTIALS, REGION } from '../support/aws/local-aws.ts';
import { type SecretsServer, startSecretsServer } from '../support/aws/secrets-server.ts';
import { startChefZero } from '../support/chef-zero.ts';
import { emptyAnswer } from '../support/fault-answers.ts';
import { type Goiardi, startGoiardi } from '../support/goiardi.ts';
import { type CliResult, runCli } from './run-cli.ts';
import { runHere } from './run-here.ts';
import { freshKeyPem, startUnpreparedServers, type UnpreparedServers, USER } from './unprepared-servers.ts';

/** The replica as somebody sees it. */
function seenBy({ replica }: UnpreparedServers, user: string, pem: string) {
  const server = createChefServer({
    url: replica.url,
    key: readSigningKey(user, pem),
    limiters: createRequestLimiters(systemClock),
    clock: systemClock,
  });
  return {
    users: createUserAccounts(server, 'replica'),
    members: createOrganizationMembers(server, 'acme', 'replica'),
  };
}

const READ_ROLES = { side: 'replica', method: 'GET', path: '/organizations/acme/roles' } as const;

const publicKeyOf = (pem: string): string => createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();

/** Puts a key where the configuration says that of the replica is. */
function storeKey({ replicaKeyFile }: UnpreparedServers, pem: string): void {
  mkdirSync(dirname(replicaKeyFile), { recursive: true });
  writeFileSync(replicaKeyFile, pem, { mode: 0o600 });
}

const writesOf = ({ replica }: UnpreparedServers): readonly string[] =>
  replica.requests.entries.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

test('from nothing to a replica in sync: init, and the commands that it says', async () => {
  await using servers = await startUnpreparedServers();
  const options = ['--config', servers.configFile, '--force', '--json'];
  const addresses = ['--primary', servers.primary.url, '--replica', `eu=${servers.replica.url}`];
  const { stdout } = await runCli('init', ...options, ...addresses, '--organization', 'acme');
  const next: readonly string[] = JSON.parse(stdout).next;
  const commands = next.map((line) =>
    line
      .replace(/\w+-pivotal\.pem/, servers.adminKeyFile)
      .split(' ')
      .slice(1),
  );

  const ended: CliResult[] = [];
  // The last one is the daemon.
  for (const command of commands.slice(0, -1)) ended.push(await runCli(...command));

  expect(commands.map(([name]) => name)).toEqual(['prepare-org', 'prepare-org', 'doctor', 'plan', 'run', 'run']);
  // The plan finds something to do.
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 3, 0]);
  const [primary, replica] = ended.map((result) => result.stdout);
  expect(servers.replica.organization('acme').dump().roles.has('web')).toBe(true);
  expect(statSync(servers.replicaKeyFile).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(servers.replicaKeyFile)).mode & 0o777).toBe(0o700);
  const shown = (replica ?? '').replaceAll(servers.folder, '').replace(/guid \w+/, 'guid …');
  expect(shown).toBe(`eu  ${servers.replica.url}
  found    organization  acme (acme, guid …)
  done     user          ec_sync_user
  done     key           made here; the private key is in /keys/eu.pem and nowhere else
  done     membership    made a member of acme
  done     group         added to admins
  done     check         reads cookbooks, data bags, roles and environments; wrote and deleted a data bag
  groups: admins, billing-admins, clients, public_key_read_access, users
  actors of admins: 4 users (alice, ec_sync_user, pivotal, sync), 0 clients, 0 groups
`);
  expect(primary).toContain('in users, as every member');
});

test('a reader is in users and not in admins', async () => {
  await using servers = await startUnpreparedServers();

  const { code, stdout } = await servers.prepare('--on', 'primary', '--reader');

  expect(code).toBe(0);
  expect(stdout).toContain('actors of users: 1 user (pivotal), 0 clients, 0 groups');
  const seen = seenBy({ ...servers, replica: servers.primary }, 'pivotal', servers.primary.keyPem);
  expect(await seen.members.has(USER)).toBe(true);
  expect(await seen.members.group('admins')).toMatchObject({ users: expect.not.arrayContaining([USER]) });
});

test('again: everything is found, and nothing but the probe is written', async () => {
  await using servers = await startUnpreparedServers();
  await servers.prepare();
  const key = servers.storedKey();
  servers.replica.requests.entries.length = 0;

  const { code, stdout } = await servers.prepare('--json');

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    exitCode: 0,
    on: 'eu',
    user: USER,
    steps: [
      { step: 'organization', outcome: 'found' },
      { step: 'user', outcome: 'found' },
      { step: 'key', outcome: 'found' },
      { step: 'membership', outcome: 'found' },
      { step: 'group', outcome: 'found' },
      { step: 'check', outcome: 'done' },
    ],
    organization: { name: 'acme' },
    actors: { group: 'admins', users: expect.arrayContaining([USER]) },
    otherKeys: [],
  });
  expect(writesOf(servers)).toEqual([
    'POST /organizations/acme/data',
    'DELETE /organizations/acme/data/chef-sync-probe',
  ]);
  expect(servers.storedKey()).toBe(key);
});

test('an admin of the organization invites a user whose key is in its place, and the user accepts', async () => {
  await using servers = await startUnpreparedServers();
  const pem = freshKeyPem();
  servers.replica.addUserWithKey(USER, publicKeyOf(pem), { rights: 'not associated' });
  storeKey(servers, pem);

  const { code, stdout } = await servers.prepare('--admin-user', 'alice');

  expect(code).toBe(0);
  expect(stdout).toContain('invited to acme, and it accepted');
  expect(await seenBy(servers, USER, pem).members.group('admins')).toMatchObject({
    users: expect.arrayContaining([USER, 'alice', 'sync']),
  });
});

test('a user that is there and has no key here gets a second one, and keeps the first', async () => {
  await using servers = await startUnpreparedServers();
  const theirs = freshKeyPem();
  servers.replica.addUserWithKey(USER, publicKeyOf(theirs), { rights: 'not associated' });

  const { code, stdout } = await servers.prepare();

  expect(code).toBe(0);
  expect(stdout).toContain('the user also has default');
  expect(await seenBy(servers, USER, servers.storedKey()).users.isSignedBy(USER)).toBe(true);
  expect(await seenBy(servers, USER, theirs).users.isSignedBy(USER)).toBe(true);
});

test('a user that has another key than the stored one is told with --rotate, which gives it the stored one', async () => {
  await using servers = await startUnpreparedServers();
  servers.replica.addUserWithKey(USER, publicKeyOf(freshKeyPem()), { rights: 'not associated' });
  storeKey(servers, freshKeyPem());

  const refused = await servers.prepare();

  expect(refused.code).toBe(2);
  expect(refused.stderr).toBe(
    `chef-sync-ctl: The user ec_sync_user of the replica eu has another key than the one in ${servers.replicaKeyFile}: give it a new key with --rotate, or put a private key of the user there.\n`,
  );
  const rotated = await servers.prepare('--rotate');
  expect(rotated.code).toBe(0);
  expect(await seenBy(servers, USER, servers.storedKey()).users.isSignedBy(USER)).toBe(true);
});

test('--rotate leaves one key, the new one, which a daemon takes over while it runs', async () => {
  await using servers = await startUnpreparedServers();
  await servers.prepare('--on', 'primary');
  await servers.prepare();
  const old = servers.storedKey();
  const { pairs } = loadConfig(servers.configFile);
  const daemon = openChefServers(pairs, systemClock);
  const read = () => Promise.all(pairs.map(({ replica }) => daemon.of(replica).send(READ_ROLES)));
  await read();

  const { code, stdout } = await servers.prepare('--rotate', '--json');

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    otherKeys: [],
    steps: expect.arrayContaining([
      { step: 'key', outcome: 'done', text: expect.stringMatching(/^replaced by a new one/) },
    ]),
  });
  expect(await seenBy(servers, USER, old).users.isSignedBy(USER)).toBe(false);
  const self = seenBy(servers, USER, servers.storedKey()).users;
  expect(await self.keys(USER)).toHaveLength(1);
  expect(statSync(servers.replicaKeyFile).mode & 0o777).toBe(0o600);
  expect(await read()).toEqual([expect.objectContaining({ status: 200 })]);
  await daemon.close();
});

test('a rotation that failed before the old key was removed is finished by the next one', async () => {
  await using servers = await startUnpreparedServers();
  await servers.prepare();
  const old = servers.storedKey();
  const rule = servers.replica.faults.when(
    { method: 'DELETE', path: /\/keys\// },
    { kind: 'answer', status: 400, body: '{"error":["no"]}' },
  );

  const failed = await servers.prepare('--rotate');
  const between = servers.storedKey();
  servers.replica.faults.remove(rule);
  const again = await servers.prepare('--rotate');

  expect(failed.code).toBe(2);
  expect(again.code).toBe(0);
  expect(again.stdout).toContain('the rotation that was interrupted is finished');
  expect(between).not.toBe(old);
  expect(servers.storedKey()).toBe(between);
  expect(await seenBy(servers, USER, old).users.isSignedBy(USER)).toBe(false);
  expect(await seenBy(servers, USER, between).users.isSignedBy(USER)).toBe(true);
});

test('a key that two servers share is not rotated on one of them', async () => {
  await using servers = await startUnpreparedServers();
  const text = readFileSync(servers.configFile, 'utf8');
  writeFileSync(servers.configFile, text.replace('keys/primary.pem', 'keys/eu.pem'));
  expect(await servers.prepare('--on', 'primary')).toMatchObject({ code: 0 });
  expect(await servers.prepare()).toMatchObject({ code: 0 });

  const { code, stderr } = await servers.prepare('--rotate');

  expect(code).toBe(2);
  expect(stderr).toMatch(/^chef-sync-ctl: The key of eu is that of primary too, where a new one would not be known: /);
});

test.each([
  [
    'a missing organization',
    async (servers: UnpreparedServers) => servers.replica.removeOrganization('acme'),
    [],
    'There is no organization acme on the replica eu: make it there with `chef-server-ctl org-create acme acme` and run this again.',
  ],
  [
    'an admin who may not make users',
    async () => undefined,
    ['--admin-user', 'alice'],
    'There is no user ec_sync_user on the replica eu, and this admin may not make users (403 missing create permission): give the superuser (pivotal) as --admin-user, or run the commands that --print-commands shows.',
  ],
  [
    'an unknown admin',
    async () => undefined,
    ['--admin-user', 'bob'],
    /The admin's signature is refused by the replica eu \(GET \/organizations\/acme: 401 .*\): check --admin-user and --admin-key\./,
  ],
  [
    'a missing admin key',
    async () => undefined,
    ['--admin-key', '/nonexistent.pem'],
    "The admin's key file /nonexistent.pem cannot be read (ENOENT): correct --admin-key, or the file's permissions.",
  ],
  [
    'a stored key that is none',
    async (servers: UnpreparedServers) => storeKey(servers, 'my notes'),
    [],
    /There is something else than a private RSA key in PEM form in .*eu\.pem: correct the configuration, or move away what is there\./,
  ],
  [
    'no such server',
    async () => undefined,
    ['--on', 'ue'],
    'there is no server "ue" in the configuration; did you mean "eu"?',
  ],
  ['--reader on a replica', async () => undefined, ['--reader'], '--reader is for the primary: on eu the user writes'],
] as const)('%s is one sentence and a next step', async (_, arrange, options, sentence) => {
  await using servers = await startUnpreparedServers();
  await arrange(servers);

  const { code, stdout, stderr } = await servers.prepare(...options);

  expect(code).toBe(2);
  expect(stderr).toMatch(sentence instanceof RegExp ? sentence : new RegExp(escaped(sentence)));
  expect(stderr.replace('Add --help to see how it is used.\n', '').trim().split('\n')).toHaveLength(1);
  expect(`${stdout}${stderr}`).not.toContain('PRIVATE KEY');
});

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('which server is meant must be said where both have the organization', async () => {
  await using servers = await startUnpreparedServers();

  const { code, stderr } = await runHere('prepare-org', 'acme', '--config', servers.configFile, '--print-commands');

  expect(code).toBe(2);
  expect(stderr).toBe('chef-sync-ctl: the organization "acme" is on primary and on eu; name one of them with --on\n');
});

test('a server that is down ends 4, and nothing is stored', async () => {
  await using servers = await startUnpreparedServers();
  await servers.replica.stop();

  const { code, stderr } = await servers.prepare();

  expect(code).toBe(4);
  expect(stderr).toMatch(/Not all could be done, because of the replica eu \(.*nothing listens at/);
  expect(servers.storedKey()).toBe('');
});

test('an invitation and a probe that an earlier run left behind are used up', async () => {
  await using servers = await startUnpreparedServers();
  const pem = freshKeyPem();
  servers.replica.addUserWithKey(USER, publicKeyOf(pem), { rights: 'not associated' });
  storeKey(servers, pem);
  servers.replica.organization('acme').createDataBag('chef-sync-probe');
  await seenBy(servers, 'alice', servers.replica.keyPem).members.invite(USER);

  const { code } = await servers.prepare('--admin-user', 'alice');

  expect(code).toBe(0);
  expect(await seenBy(servers, USER, pem).members.has(USER)).toBe(true);
  expect(servers.replica.organization('acme').dump().dataBags.size).toBe(0);
});

test('a data bag that only looks like the probe is left alone', async () => {
  await using servers = await startUnpreparedServers();
  servers.replica.organization('acme').putItem('chef-sync-probe', 'mine', {});

  const { code, stderr } = await servers.prepare();

  expect(code).toBe(2);
  expect(stderr).toContain(
    'may not delete the data bag chef-sync-probe on the replica eu (somebody put items into it)',
  );
  expect(servers.replica.organization('acme').dump().dataBags.get('chef-sync-probe')?.has('mine')).toBe(true);
});

test('a user whose permissions were narrowed is told what it may not', async () => {
  await using servers = await startUnpreparedServers();
  servers.replica.faults.when(
    { method: 'GET', path: /\/roles$/ },
    { kind: 'answer', status: 403, body: '{"error":["missing read permission"]}' },
  );

  const { code, stderr } = await servers.prepare();

  expect(code).toBe(2);
  expect(stderr).toContain('ec_sync_user may not read roles on the replica eu (403 missing read permission): ');
});

test('a server without organizations is named as what it may be', async () => {
  await using servers = await startUnpreparedServers();
  // So answers goiardi.
  servers.replica.faults.when({ path: /\/organizations\/acme$/ }, emptyAnswer);

  const { code, stderr } = await servers.prepare();

  expect(code).toBe(4);
  expect(stderr).toContain('200 with an empty body');
  expect(stderr).toContain('write `organization: none` under it in the configuration');
});

test('--print-commands asks no server', async () => {
  await using servers = await startUnpreparedServers();

  const { code, stdout } = await runHere(
    ...['prepare-org', 'acme', '--on', 'primary', '--reader', '--print-commands', '--config', servers.configFile],
  );

  expect(code).toBe(0);
  expect(stdout).toContain('chef-server-ctl org-user-add acme ec_sync_user\n');
  expect(servers.primary.requests.entries).toEqual([]);
});

describe('a key in AWS Secrets Manager', () => {
  test('is made there, found there, rotated there, and in no file', async () => {
    await using servers = await startUnpreparedServers();
    await using secrets = await useSecrets(servers);

    const made = await servers.prepare();
    const first = secrets.get('chef-sync/eu') ?? '';
    const found = await servers.prepare();
    const rotated = await servers.prepare('--rotate');
    const second = secrets.get('chef-sync/eu') ?? '';

    expect([made.code, found.code, rotated.code]).toEqual([0, 0, 0]);
    expect(made.stdout).toContain('the private key is in the secret chef-sync/eu and nowhere else');
    expect(await seenBy(servers, USER, first).users.isSignedBy(USER)).toBe(false);
    expect(await seenBy(servers, USER, second).users.isSignedBy(USER)).toBe(true);
    expect(readdirSync(servers.folder).toSorted()).toEqual(['admin.pem', 'chef-sync.yaml']);
  });

  test('needs no permission but to make and to write this one', async () => {
    await using servers = await startUnpreparedServers();
    await using secrets = await useSecrets(servers);
    secrets.deny('GetSecretValue');

    const made = await servers.prepare();
    const again = await servers.prepare();

    expect(made.code).toBe(0);
    expect(await seenBy(servers, USER, secrets.get('chef-sync/eu') ?? '').users.isSignedBy(USER)).toBe(true);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('allow secretsmanager:GetSecretValue on it, or replace the key with --rotate');
  });

  test('that may not be made leaves no user with a key that works', async () => {
    await using servers = await startUnpreparedServers();
    await using secrets = await useSecrets(servers);
    secrets.deny('CreateSecret');

    const { code, stdout, stderr } = await servers.prepare();

    expect(code).toBe(2);
    expect(stderr).toContain('You may not write the secret chef-sync/eu: ask for secretsmanager:CreateSecret');
    expect(`${stdout}${stderr}`).not.toContain('PRIVATE KEY');
  });
});

/** Lets the configuration keep keys in secrets, of a Secrets Manager of our own. */
async function useSecrets({ configFile }: UnpreparedServers): Promise<SecretsServer & AsyncDisposable> {
  const text = readFileSync(configFile, 'utf8');
  writeFileSync(configFile, text.replace(/file: keys\/(\w+)\.pem/g, 'secret: chef-sync/$1'));
  const secrets = await startSecretsServer();
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', secrets.url);
  vi.stubEnv('AWS_REGION', REGION);
  vi.stubEnv('AWS_ACCESS_KEY_ID', ANY_CREDENTIALS.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', ANY_CREDENTIALS.secretAccessKey);
  return {
    ...secrets,
    async [Symbol.asyncDispose]() {
      secrets.stop();
      vi.unstubAllEnvs();
    },
  };
}

describe.runIf(isServerInstalled('goiardi'))('a server without organizations (goiardi)', () => {
  let goiardi: Goiardi;
  beforeAll(async () => {
    goiardi = await startGoiardi();
  });
  afterAll(() => goiardi?.stop());

  test('gets a user who may write, and says what it has not; then a key that is rotated, and a reader', async () => {
    await using servers = await startUnpreparedServers();
    const { folder, configFile } = servers;
    writeFileSync(join(folder, 'goiardi.pem'), goiardi.adminKeyPem, { mode: 0o600 });
    // The same server, which a configuration does not take for its own replica under another name.
    const otherName = goiardi.url.replace('127.0.0.1', 'localhost');
    const server = (name: string, user: string, url = goiardi.url) =>
      `{ url: "${url}", user: ${user}, key: { file: ${name}.pem }, organization: none }`;
    writeFileSync(
      configFile,
      `version: 1\nprimary: ${server('primary', 'reader', otherName)}\nreplicas:\n  lab: ${server('lab', 'writer')}\norganizations: [{ replica: lab }]\n`,
    );
    const prepare = (...options: readonly string[]) =>
      runHere(
        ...['prepare-org', 'none', '--admin-user', goiardi.adminUser, '--admin-key', join(folder, 'goiardi.pem')],
        ...['--config', configFile, ...options],
      );

    const writer = await prepare('--on', 'lab');
    const again = await prepare('--on', 'lab');
    const rotated = await prepare('--on', 'lab', '--rotate');
    const reader = await prepare('--on', 'primary', '--reader');

    expect([writer, again, rotated, reader].map(({ code, stderr }) => [code, stderr])).toEqual(Array(4).fill([0, '']));
    expect(writer.stdout).toContain('skipped  organization  the server has none\n');
    expect(writer.stdout).toContain('the user is made an admin');
    expect(again.stdout).toContain('the user is an admin');
    expect(rotated.stdout).toContain('replaced by a new one');
    expect(reader.stdout).toContain('there are no groups; every user may read');
  });
});

describe.runIf(isServerInstalled('chef-zero'))('chef-zero', () => {
  test('gets a member of admins', async () => {
    await using servers = await startUnpreparedServers();
    const zero = await startChefZero({ organizations: ['acme'] });
    try {
      const text = readFileSync(servers.configFile, 'utf8');
      writeFileSync(servers.configFile, text.replace(servers.replica.url, zero.url));

      expect(await servers.prepare()).toMatchObject({ code: 0, stderr: '' });
      const again = await servers.prepare('--json');

      expect(JSON.parse(again.stdout)).toMatchObject({ exitCode: 0, actors: { group: 'admins', users: [USER] } });
    } finally {
      await zero.stop();
    }
  });
});
