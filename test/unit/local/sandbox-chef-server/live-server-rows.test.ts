import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type FakeChefServer, startFakeChefServer } from '../../../support/fake-chef-server.ts';
import { newUser, privateKeyOf, startServerOfPeople } from './people.ts';
import { type ReceivedAnswer, send } from './signed-request.ts';
import { base64Md5, md5, sandbox, upload, uploadAll } from './uploads.ts';

const acme = '/organizations/acme';

const statusAndText = ({ status, text }: ReceivedAnswer) => [status, text];
const statuses = (answers: readonly ReceivedAnswer[]) => answers.map(({ status }) => status).sort();

const cookbook = (version: string, contents: readonly string[] = []) => ({
  name: `apt-${version}`,
  cookbook_name: 'apt',
  metadata: { version },
  all_files: contents.map((content) => ({
    name: 'recipes/default.rb',
    path: 'recipes/default.rb',
    checksum: md5(content),
    specificity: 'default',
  })),
});
const putCookbook = (server: FakeChefServer, version: string, contents: readonly string[] = []) =>
  send(server, 'PUT', `${acme}/cookbooks/apt/${version}`, { body: cookbook(version, contents) });
const putPolicy = (server: FakeChefServer, group: string, name: string, more: object = {}) =>
  send(server, 'PUT', `${acme}/policy_groups/${group}/policies/${name}`, {
    body: { name, revision_id: 'r1', run_list: [], cookbook_locks: {}, ...more },
  });
const putArtifact = (server: FakeChefServer, identifier: string, all_files: unknown = []) =>
  send(server, 'PUT', `${acme}/cookbook_artifacts/apt/${identifier}`, {
    body: { name: 'apt', identifier, metadata: {}, all_files },
  });

/** What was seen on a live Chef Infra Server 15.10.118, one test for each observation. */
describe('as on a live server', () => {
  it('updated_since: no such route is a page without X-Ops headers, no such object is JSON with them', async () => {
    await using server = await startFakeChefServer();

    const route = await send(server, 'GET', `${acme}/updated_since?seq=0`);
    const object = await send(server, 'GET', `${acme}/roles/none`);
    const policy = await send(server, 'GET', `${acme}/policies/none`);

    const shape = ({ status, headers, json }: ReceivedAnswer) => [
      status,
      headers.get('content-type'),
      headers.has('x-ops-server-api-version'),
      json,
    ];
    expect(shape(route)).toEqual([404, 'text/html', false, undefined]);
    expect(shape(object)).toEqual([404, null, true, { error: ['Cannot load role none'] }]);
    expect(shape(policy)).toEqual([404, 'text/html', true, undefined]);
  });

  it('conditional requests: objects have no ETag and no date, If-Match is 412 and HEAD is 405', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putRole('web', {});
    const path = `${acme}/roles/web`;

    const read = await send(server, 'GET', path);
    expect([read.headers.get('etag'), read.headers.get('last-modified')]).toEqual([null, null]);
    const body = { name: 'web', description: 'changed' };
    expect((await send(server, 'PUT', path, { body, headers: { 'if-match': '"x"' } })).status).toBe(412);
    expect((await send(server, 'HEAD', path)).status).toBe(405);
    expect((await send(server, 'HEAD', '/users/sync')).status).toBe(405);
    expect((await send(server, 'GET', path)).text).toBe(read.text);
  });

  it('API version: 0 to 2, and 3 is 406 with both limits at the top', async () => {
    await using server = await startFakeChefServer();
    const ask = (apiVersion: string) => send(server, 'GET', `${acme}/roles`, { apiVersion });

    expect(statuses(await Promise.all(['0', '1', '2'].map(ask)))).toEqual([200, 200, 200]);
    const refused = await ask('3');
    expect([refused.status, refused.json]).toMatchObject([406, { min_version: 0, max_version: 2 }]);
  });

  it('errors: texts in a list, but alone for artifacts, keys, organizations and large bodies, and codes for revisions', async () => {
    await using server = await startServerOfPeople();
    await putArtifact(server, 'f1');
    server.organization('acme').putPolicyRevision('web', 'r1', {});
    const key = { name: 'default', create_key: true, expiration_date: 'infinity' };

    const list = await send(server, 'PUT', `${acme}/roles/none`, { body: { name: 'none' } });
    const artifact = await putArtifact(server, 'f1');
    const sameKey = await send(server, 'POST', '/users/sync/keys', { body: key });
    const organization = await server.pivotal('POST', '/organizations', { name: 'acme', full_name: 'Acme' });
    const revision = await send(server, 'POST', `${acme}/policies/web/revisions`, {
      body: { name: 'web', revision_id: 'r1', run_list: [], cookbook_locks: {} },
    });

    expect(list.json).toEqual({ error: ['Cannot load role none'] });
    expect(statusAndText(artifact)).toEqual([409, '{"error":"Cookbook artifact already exists"}']);
    expect(statusAndText(sameKey)).toEqual([
      409,
      '{"error":"a key with the name \'default\' already exists for this actor."}',
    ]);
    expect(statusAndText(organization)).toEqual([409, '{"error":"Organization already exists"}']);
    const codes = [..."Policy 'web' with revision_id 'r1 already exists."].map((character) => character.charCodeAt(0));
    expect([revision.status, revision.json]).toEqual([409, codes]);
  });

  it('body limit: 2,000,000 bytes are taken, one more is 413', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').createDataBag('b');
    const body = (bytes: number) => `{"id":"a","x":"${'y'.repeat(bytes - 17)}"}`;

    const tooLarge = await send(server, 'POST', `${acme}/data/b`, { body: body(2_000_001) });
    const largest = await send(server, 'POST', `${acme}/data/b`, { body: body(2_000_000) });

    expect(statusAndText(tooLarge)).toEqual([413, '{"error":"JSON must be no more than 2000000 bytes."}']);
    expect(largest.status).toBe(201);
  });

  it('clock: 15 minutes either way; then 401, as for a wrong key and an unknown user, 400 without the headers', async () => {
    const nowMs = Date.UTC(2030, 0, 1);
    await using server = await startFakeChefServer({ now: () => nowMs });
    const at = (seconds: number, user = 'sync') =>
      send(server, 'GET', `${acme}/roles`, { user, at: new Date(nowMs + seconds * 1000) });

    expect(statuses([await at(-899), await at(899)])).toEqual([200, 200]);
    for (const seconds of [-900, 900]) {
      expect(statusAndText(await at(seconds))).toEqual([
        401,
        '{"error":["Failed to authenticate as sync. Synchronize the clock on your host."]}',
      ]);
    }
    const wrong = await send(server, 'GET', `${acme}/roles`, {
      at: new Date(nowMs),
      headers: { 'x-ops-authorization-1': 'AAAA' },
    });
    expect(statusAndText(wrong)).toEqual([401, '{"error":["Invalid signature for user or client \'sync\'"]}']);
    expect((await at(0, 'nobody')).text).toContain('Ensure that your node_name and client key are correct.');
    const unsigned = await send(server, 'GET', `${acme}/roles`, { headers: { 'x-ops-content-hash': '' } });
    expect(unsigned.status).toBe(400);
  });

  it('organization: unknown is 404, not a member 403, and the access list 403 with the permission', async () => {
    await using server = await startServerOfPeople();
    server.addUser('stranger', { rights: 'not associated' });
    server.addUser('reader', { rights: 'reader' });
    server.organization('acme').putRole('web', {});

    expect(statusAndText(await server.as('sync')('GET', '/organizations/none/roles'))).toEqual([
      404,
      '{"error":["organization \'none\' does not exist."]}',
    ]);
    expect(statusAndText(await server.as('stranger')('GET', `${acme}/roles`))).toEqual([
      403,
      '{"error":["\'stranger\' not associated with organization \'acme\'"]}',
    ]);
    expect(statusAndText(await server.as('reader')('DELETE', `${acme}/roles/web`))).toEqual([
      403,
      '{"error":["missing delete permission"]}',
    ]);
  });

  it('upload: another type is 403 in XML, no MD5 is 500, and a good one 204 with the MD5 as its ETag', async () => {
    await using server = await startFakeChefServer();
    const url = (await sandbox(server, ['a'])).url('a');

    const otherType = await upload(url, 'a', { 'content-type': 'text/plain' });
    const noMd5 = await fetch(url, { method: 'PUT', body: 'a', headers: { 'content-type': 'application/x-binary' } });
    const good = await upload(url, 'a');

    expect([otherType.status, otherType.headers.get('content-type'), noMd5.status]).toEqual([
      403,
      'application/xml',
      500,
    ]);
    expect([good.status, good.headers.get('etag')]).toEqual([204, base64Md5('a')]);
  });

  it('upload of a wrong body: 406 by SQL; from files a 204 without ETag, and everything after it succeeds', async () => {
    await using server = await startFakeChefServer();
    const box = await sandbox(server, ['a']);
    const wrong = () => upload(box.url('a'), 'wrong', { 'content-md5': base64Md5('a') });

    server.faults.fileStorage = 'sql';
    expect((await wrong()).status).toBe(406);
    expect((await box.commit()).status).toBe(503);
    server.faults.fileStorage = 'files';
    const kept = await wrong();
    expect([kept.status, kept.headers.get('etag')]).toEqual([204, null]);
    expect([(await box.commit()).status, (await putCookbook(server, '1.0.0', ['a'])).status]).toEqual([200, 201]);
    expect(server.organization('acme').dump().files.get(md5('a'))?.toString()).toBe('wrong');
  });

  it('sandbox commit: 503 while it is incomplete, 200, 404 afterwards, and 500 for one that is not completed', async () => {
    await using server = await startFakeChefServer();
    const box = await sandbox(server, ['a']);
    const incomplete = await box.commit();
    await upload(box.url('a'), 'a');
    const id = (await sandbox(server, ['b'])).id;

    expect(incomplete.status).toBe(503);
    expect(incomplete.text).toContain('Committed incomplete sandbox: ');
    expect([(await box.commit()).status, (await box.commit()).status]).toEqual([200, 404]);
    const body = { is_completed: false };
    expect((await send(server, 'PUT', `${acme}/sandboxes/${id}`, { body })).status).toBe(500);
  });

  it('cookbook with an unknown checksum: a new version stays though refused, an old one forgets its files', async () => {
    await using server = await startFakeChefServer();

    expect((await putCookbook(server, '1.0.0', ['a'])).status).toBe(400);
    expect((await send(server, 'GET', `${acme}/cookbooks/apt/1.0.0`)).status).toBe(200);
    await uploadAll(server, ['a']);
    expect((await putCookbook(server, '1.0.0', ['a'])).status).toBe(200);

    expect((await putCookbook(server, '1.0.0', ['b'])).status).toBe(400);
    expect((await putCookbook(server, '1.0.0', ['a'])).status).toBe(400);
    expect((await sandbox(server, ['a'])).needsUpload('a')).toBe(true);
  });

  it('two versions of one new cookbook at once: 201 and 500, which a retry mends', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });

    const both = await Promise.all(['1.0.0', '2.0.0'].map((version) => putCookbook(server, version)));

    expect(statuses(both)).toEqual([201, 500]);
    expect(server.organization('acme').dump().cookbooks.size).toBe(1);
    const loser = both[0]?.status === 500 ? '1.0.0' : '2.0.0';
    expect((await putCookbook(server, loser)).status).toBe(201);
  });

  it('the same version twice: 201 and 500, or 201 and 409 when the second comes a little later', async () => {
    await using server = await startFakeChefServer({ insertMs: 250 });

    const atOnce = await Promise.all([putCookbook(server, '1.0.0'), putCookbook(server, '1.0.0')]);
    await send(server, 'DELETE', `${acme}/cookbooks/apt/1.0.0`);
    const first = putCookbook(server, '1.0.0');
    await wait(375);
    const shifted = [await putCookbook(server, '1.0.0'), await first];

    expect(statuses(atOnce)).toEqual([201, 500]);
    expect(statuses(shifted)).toEqual([201, 409]);
    expect(shifted[0]?.json).toEqual({ error: ['Cookbook already exists'] });
  });

  it('two policies into one new group, or one new policy into two groups: 201 and 500', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });

    const intoOne = await Promise.all(['a', 'b'].map((policy) => putPolicy(server, 'prod', policy)));
    const intoTwo = await Promise.all(['live', 'test'].map((group) => putPolicy(server, group, 'c')));

    expect([statuses(intoOne), statuses(intoTwo)]).toEqual([
      [201, 500],
      [201, 500],
    ]);
  });

  it('two identifiers of one new artifact name: a false 409 for one that was not created', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });

    const both = await Promise.all(['f1', 'f2'].map((identifier) => putArtifact(server, identifier)));

    expect(statuses(both)).toEqual([201, 409]);
    expect(server.organization('acme').dump().cookbookArtifacts.size).toBe(1);
  });

  it('an artifact with an unknown checksum: 400, and nothing is left', async () => {
    await using server = await startFakeChefServer();

    expect((await putArtifact(server, 'f1', cookbook('1.0.0', ['a']).all_files)).status).toBe(400);
    expect((await send(server, 'GET', `${acme}/cookbook_artifacts`)).json).toEqual({});
  });

  it('roles and data bags at once: always 201 and 409', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });

    for (const list of ['roles', 'data']) {
      const post = () => send(server, 'POST', `${acme}/${list}`, { body: { name: 'one' } });
      expect(statuses(await Promise.all([post(), post()]))).toEqual([201, 409]);
    }
  });

  it('a policy revision: other content is repeated and not stored; a policy in use goes, and from its groups too', async () => {
    await using server = await startFakeChefServer();
    await putPolicy(server, 'prod', 'web');
    const stored = server.organization('acme').dump().policyRevisions.get('web/r1');

    expect((await putPolicy(server, 'prod', 'web', { other: true })).json).toMatchObject({ other: true });
    expect(server.organization('acme').dump().policyRevisions.get('web/r1')).toBe(stored);
    expect((await send(server, 'DELETE', `${acme}/policies/web`)).status).toBe(200);
    expect(server.organization('acme').dump().policyGroups).toEqual(new Map([['prod', new Map()]]));
    const missing = await send(server, 'GET', `${acme}/policy_groups/none`);
    expect([missing.status, missing.json]).toEqual([404, { error: ["policy_group 'none' not found"] }]);
  });

  it('JSON numbers: fractions are rewritten; integers, keys and characters are kept', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').createDataBag('b');
    const given = '{"id":"a","z":[1.10,1e2,-0.0,0.1e-7,12345678901234567890],"b":1,"b":2,"c":"\\u0000😀"}';

    await send(server, 'POST', `${acme}/data/b`, { body: given });

    const kept = '{"id":"a","z":[1.1,100.0,0.0,1e-8,12345678901234567890],"b":1,"b":2,"c":"\\u0000😀"}';
    expect((await send(server, 'GET', `${acme}/data/b/a`)).text).toBe(kept);
  });

  it('roles: completed and never renamed; environments are renamed with 201', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putEnvironment('prod', {});
    await send(server, 'POST', `${acme}/roles`, { body: { name: 'web', run_list: ['apt', 'recipe[apt]'] } });

    expect((await send(server, 'GET', `${acme}/roles/web`)).json).toMatchObject({
      run_list: ['recipe[apt]'],
      env_run_lists: {},
      default_attributes: {},
    });
    expect((await send(server, 'PUT', `${acme}/roles/web`, { body: { name: 'db' } })).status).toBe(400);
    expect((await send(server, 'PUT', `${acme}/environments/prod`, { body: { name: 'live' } })).status).toBe(201);
  });

  it('data bag items: PUT never creates, says the same without the bag, and adds an id that is missing', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putItem('b', 'a', {});
    const put = (path: string, body: object) => send(server, 'PUT', `${acme}/data/${path}`, { body });

    for (const bag of ['b', 'none']) {
      const text = `Cannot load data bag item x for data bag ${bag}`;
      expect(statusAndText(await put(`${bag}/x`, { id: 'x' }))).toEqual([404, `{"error":["${text}"]}`]);
    }
    expect(statusAndText(await put('b/a', { id: 'x' }))).toEqual([400, '{"error":["DataBagItem name mismatch."]}']);
    expect((await put('b/a', { n: 1 })).status).toBe(200);
    expect(server.organization('acme').dump().dataBags.get('b')?.get('a')).toBe('{"n":1,"id":"a"}');
  });

  it('clients: a key in a PUT is 400, and a rename deletes the key default', async () => {
    await using server = await startServerOfPeople();
    const sync = server.as('sync');
    await sync('POST', `${acme}/clients`, { name: 'n1', create_key: true });

    expect((await sync('PUT', `${acme}/clients/n1`, { name: 'n1', public_key: 'x' })).status).toBe(400);
    await sync('PUT', `${acme}/clients/n1`, { name: 'n2' });
    expect((await sync('GET', `${acme}/clients/n2/keys`)).json).toEqual([]);
  });

  it('groups: unknown members are dropped with 200, and only the nested form has effect', async () => {
    await using server = await startServerOfPeople();
    const made = await server.pivotal('POST', '/users', newUser('ann'));
    const put = (body: object) => server.as('sync')('PUT', `${acme}/groups/billing-admins`, body);
    expect((await put({})).status).toBe(403);

    const admins = (body: object) => server.as('sync')('PUT', `${acme}/groups/admins`, body);
    expect((await admins({ actors: { users: ['sync', 'ann', 'nobody'] } })).status).toBe(200);
    expect((await admins({ users: [] })).status).toBe(200);
    const { json } = await server.as('sync')('GET', `${acme}/groups/admins`);
    expect(json).toMatchObject({ users: ['ann', 'sync'] });
    const early = await server.as('ann', privateKeyOf(made))('GET', `${acme}/roles`);
    expect(early.text).toBe('{"error":["\'ann\' not associated with organization \'acme\'"]}');
  });

  it('search: bodies as they are now, of names that may be late', async () => {
    let nowMs = Date.now();
    await using server = await startFakeChefServer({ searchIndexDelayMs: 10_000, now: () => nowMs });
    server.organization('acme').putRole('web', { description: 'old' });
    nowMs += 10_000;
    server.organization('acme').putRole('web', { description: 'new' });
    server.organization('acme').putRole('db', {});

    const { json } = await send(server, 'GET', `${acme}/search/role?q=*:*`, { at: new Date(nowMs) });

    expect(json).toMatchObject({ total: 1, rows: [{ name: 'web', description: 'new' }] });
  });

  it('overload: false 403, 404, 500 and 503 about what exists, never an empty list, and nothing left by an error', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putRole('web', {});
    server.faults.overload = { probability: 1, answerMs: 0 };
    const [reads, lists] = [new Set<number>(), new Set<string>()];
    for (let count = 0; count < 150; count += 1) {
      reads.add((await send(server, 'GET', `${acme}/roles/web`)).status);
      const list = await send(server, 'GET', `${acme}/roles`);
      if (list.status === 200) lists.add(list.text);
      const name = `r${count}`;
      const made = await send(server, 'POST', `${acme}/data`, { body: { name } });
      expect(server.organization('acme').dump().dataBags.has(name)).toBe(made.status === 201);
    }

    expect([...reads].sort()).toEqual([200, 403, 404, 500, 503]);
    expect([...lists]).toEqual([`{"web":"${server.url}${acme}/roles/web"}`]);
  });
});
