import { createPublicKey } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { createChefServer } from '../../lib/chef/chef-server.ts';
import { createOrganizationMembers } from '../../lib/chef/organization-members.ts';
import { createRequestLimiters } from '../../lib/chef/request-limiter.ts';
import { readSigningKey } from '../../lib/chef/sign-request.ts';
import { createUserAccounts } from '../../lib/chef/user-accounts.ts';
import { loadConfig } from '../../lib/config/load-config.ts';
import { openChefServers } from '../../lib/runtime/chef-servers.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { runCli } from './run-cli.ts';
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

test('from nothing to a replica in sync: both organizations prepared, then one run', async () => {
  await using servers = await startUnpreparedServers();
  const { configFile, adminKeyFile } = servers;
  const admin = ['--admin-user', 'pivotal', '--admin-key', adminKeyFile, '--config', configFile];

  const primary = await runCli('prepare-org', 'acme', '--on', 'primary', '--reader', ...admin);
  const replica = await runCli('prepare-org', 'acme', '--on', 'eu', ...admin);
  const run = await runCli('run', '--once', '--config', configFile);

  expect([primary, replica, run].map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
    [0, expect.any(String)],
  ]);
  expect(servers.replica.organization('acme').dump().roles.has('web')).toBe(true);
  expect(statSync(servers.replicaKeyFile).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(servers.replicaKeyFile)).mode & 0o777).toBe(0o700);
  const shown = replica.stdout.replaceAll(servers.folder, '').replace(/guid \w+/, 'guid …');
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
  expect(primary.stdout).toContain('in users, as every member');
});

test('a reader is in users and not in admins', async () => {
  await using servers = await startUnpreparedServers();

  const { code } = await servers.prepare('--on', 'primary', '--reader');

  expect(code).toBe(0);
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

test('--print-commands asks no server', async () => {
  await using servers = await startUnpreparedServers();

  const { code, stdout } = await runHere(
    ...['prepare-org', 'acme', '--on', 'primary', '--reader', '--print-commands', '--config', servers.configFile],
  );

  expect(code).toBe(0);
  expect(stdout).toContain('chef-server-ctl org-user-add acme ec_sync_user\n');
  expect(servers.primary.requests.entries).toEqual([]);
});
