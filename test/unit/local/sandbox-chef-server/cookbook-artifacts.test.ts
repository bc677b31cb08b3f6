import { describe, expect, it } from 'vitest';
import { type FakeChefServer, startFakeChefServer } from '../../../support/fake-chef-server.ts';
import { send } from './signed-request.ts';
import { md5, sandbox, uploadAll } from './uploads.ts';

const artifacts = '/organizations/acme/cookbook_artifacts';
const file = (content: string) => ({
  name: 'recipes/default.rb',
  path: 'recipes/default.rb',
  checksum: md5(content),
  specificity: 'default',
});
const artifact = (identifier: string, contents: readonly string[] = [], more: object = {}) => ({
  name: 'apt',
  identifier,
  version: '1.2.3.beta',
  chef_type: 'cookbook_version',
  json_class: 'Chef::CookbookVersion',
  metadata: { name: 'apt', version: '1.2.3.beta' },
  all_files: contents.map(file),
  ...more,
});
const put = (server: FakeChefServer, identifier: string, body: object = artifact(identifier), apiVersion = '2') =>
  send(server, 'PUT', `${artifacts}/apt/${identifier}`, { body, apiVersion });

describe('cookbook artifacts', () => {
  it('are created, listed, read without json_class and removed with their name', async () => {
    await using server = await startFakeChefServer();
    await uploadAll(server, ['a']);

    const created = await put(server, 'f1', artifact('f1', ['a']));
    const url = `${server.url}${artifacts}/apt`;
    const listed = { apt: { url, versions: [{ identifier: 'f1', url: `${url}/f1` }] } };

    expect([created.status, created.json]).toEqual([201, { uri: `${url}/f1` }]);
    expect((await send(server, 'GET', artifacts)).json).toEqual(listed);
    expect((await send(server, 'GET', `${artifacts}/apt`)).json).toEqual(listed);
    const read = await send(server, 'GET', `${artifacts}/apt/f1`);
    const { json_class, ...shown } = artifact('f1', ['a']);
    expect(read.json).toEqual({ ...shown, all_files: [{ ...file('a'), url: expect.stringMatching(/^http/) }] });

    expect((await send(server, 'DELETE', `${artifacts}/apt/f1`)).status).toBe(200);
    expect((await send(server, 'GET', artifacts)).json).toEqual({});
    for (const path of ['apt', 'apt/f1']) {
      const missing = await send(server, 'GET', `${artifacts}/${path}`);
      expect([missing.status, missing.json]).toEqual([404, { error: ['not_found'] }]);
    }
  });

  it('never change: a second PUT is a 409 whose text is not in a list, whatever it brings', async () => {
    await using server = await startFakeChefServer();
    await put(server, 'f1');

    const again = await put(server, 'f1', artifact('f1', ['never uploaded']));

    expect([again.status, again.text]).toEqual([409, '{"error":"Cookbook artifact already exists"}']);
    expect(server.organization('acme').dump().cookbookArtifacts.get('apt/f1')?.files).toEqual([]);
  });

  it('of a new name lose a race with a false 409: two at once, one is not created, and a retry creates it', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });

    const both = await Promise.all(['f1', 'f2'].map((identifier) => put(server, identifier)));
    const loser = both[0]?.status === 409 ? 'f1' : 'f2';

    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(both.find(({ status }) => status === 409)?.text).toBe('{"error":"Cookbook artifact already exists"}');
    expect((await send(server, 'GET', `${artifacts}/apt/${loser}`)).status).toBe(404);
    expect((await put(server, loser)).status).toBe(201);
  });

  it('of a known name do not race', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });
    await put(server, 'f0');

    const both = await Promise.all(['f1', 'f2'].map((identifier) => put(server, identifier)));

    expect(both.map(({ status }) => status)).toEqual([201, 201]);
  });

  it('leave nothing when a checksum is unknown', async () => {
    await using server = await startFakeChefServer();

    const refused = await put(server, 'f1', artifact('f1', ['a']));

    expect([refused.status, refused.json]).toEqual([
      400,
      { error: ["Manifest has a checksum that hasn't been uploaded."] },
    ]);
    expect((await send(server, 'GET', artifacts)).json).toEqual({});
    await uploadAll(server, ['a']);
    expect((await put(server, 'f1', artifact('f1', ['a']))).status).toBe(201);
  });

  it('share their checksums with cookbooks, and take the rest with them', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putCookbook('apt', '1.0.0', { files: { 'recipes/default.rb': 'shared' } });
    await uploadAll(server, ['a']);
    await put(server, 'f1', artifact('f1', ['a', 'shared']));

    server.organization('acme').deleteCookbook('apt', '1.0.0');
    expect((await sandbox(server, ['shared'])).needsUpload('shared')).toBe(false);
    await put(server, 'f2', artifact('f2', ['shared']));
    await send(server, 'DELETE', `${artifacts}/apt/f1`);

    const box = await sandbox(server, ['a', 'shared']);
    expect([box.needsUpload('a'), box.needsUpload('shared')]).toEqual([true, false]);
  });

  it('are kept in the form in which they came, and read in the form that is asked for', async () => {
    await using server = await startFakeChefServer();
    await uploadAll(server, ['a']);
    const segments = artifact('f1', [], { all_files: undefined, recipes: [{ ...file('a'), name: 'default.rb' }] });
    await put(server, 'f1', segments, '1');
    // Not refused, unlike the manifest of a cookbook version.
    await put(server, 'f2', artifact('f2', ['a']), '1');

    for (const identifier of ['f1', 'f2']) {
      const read = async (apiVersion: string) =>
        (await send(server, 'GET', `${artifacts}/apt/${identifier}`, { apiVersion })).json;
      expect(await read('2')).toMatchObject({ all_files: [{ name: 'recipes/default.rb', checksum: md5('a') }] });
      expect(await read('1')).toMatchObject({ recipes: [{ name: 'default.rb', checksum: md5('a') }] });
    }
  });

  it.each([
    [{ name: 'yum' }, 400, "Field 'name' invalid : yum does not match apt"],
    [{ identifier: 'f2' }, 400, "Field 'identifier' invalid : f2 does not match f1"],
    [{ identifier: 'a b' }, 400, "Field 'identifier' invalid"],
    [{ all_files: 'none' }, 500, 'internal service error'],
  ])('are refused with %j, but with nothing that concerns only the metadata', async (wrong, status, text) => {
    await using server = await startFakeChefServer();

    const answer = await put(server, 'f1', artifact('f1', [], wrong));
    const withoutMetadata = await put(server, 'f3', { name: 'apt', identifier: 'f3' });

    expect([answer.status, answer.json]).toEqual([status, { error: [text] }]);
    expect(withoutMetadata.status).toBe(201);
  });

  it('compare equal in a dump after one went from one organization to another', async () => {
    await using server = await startFakeChefServer({ organizations: ['acme', 'other'] });
    server.organization('other').putCookbookArtifact('apt', 'f1', { files: { 'recipes/default.rb': 'a' } });
    const body = (await send(server, 'GET', '/organizations/other/cookbook_artifacts/apt/f1')).text;

    await uploadAll(server, ['a']);
    await send(server, 'PUT', `${artifacts}/apt/f1`, { body });

    expect(server.organization('acme').dump()).toEqual(server.organization('other').dump());
  });
});
