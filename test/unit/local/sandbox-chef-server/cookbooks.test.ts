import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FakeChefServer, startFakeChefServer } from '../../../support/fake-chef-server.ts';
import { send } from './signed-request.ts';
import { base64Md5, md5, sandbox, upload, uploadAll } from './uploads.ts';

const acme = '/organizations/acme';
const manifestAnswer = z.object({ all_files: z.array(z.object({ url: z.string() })) });

function manifest(name: string, version: string, contents: readonly string[], extra: object = {}): object {
  return {
    name: `${name}-${version}`,
    cookbook_name: name,
    version,
    json_class: 'Chef::CookbookVersion',
    chef_type: 'cookbook_version',
    metadata: { version, name },
    all_files: contents.map((content, index) => ({
      name: `recipes/${index}.rb`,
      path: `recipes/${index}.rb`,
      checksum: md5(content),
      specificity: 'default',
    })),
    ...extra,
  };
}

const put = (server: FakeChefServer, version: string, body: object, query = '') =>
  send(server, 'PUT', `${acme}/cookbooks/apt/${version}${query}`, { body });

describe('sandboxes', () => {
  it('take a file by a signed URL, once per organization', async () => {
    await using server = await startFakeChefServer();
    const box = await sandbox(server, ['one', '']);

    const incomplete = await box.commit();
    const uploaded = await upload(box.url('one'), 'one');
    await upload(box.url(''), '');
    const committed = await box.commit();
    const again = await box.commit();

    expect([incomplete.status, committed.status, again.status]).toEqual([503, 200, 404]);
    expect([uploaded.status, uploaded.headers.get('etag')]).toEqual([204, base64Md5('one')]);
    expect((await sandbox(server, ['one'])).needsUpload('one')).toBe(false);
  });

  it('refuse an upload that differs from what was signed', async () => {
    let nowMs = Date.now();
    await using server = await startFakeChefServer({ now: () => nowMs });
    const box = await sandbox(server, ['one']);

    const otherType = await upload(box.url('one'), 'one', { 'content-type': 'text/plain' });
    const otherMd5 = await upload(box.url('one'), 'two');
    const noMd5 = await fetch(box.url('one'), {
      method: 'PUT',
      body: 'one',
      headers: { 'content-type': 'application/x-binary' },
    });
    nowMs += 901_000;
    const late = await upload(box.url('one'), 'one');

    expect([otherType.status, otherMd5.status, noMd5.status, late.status]).toEqual([403, 403, 500, 403]);
    expect(await late.text()).toContain('Request has expired');
  });

  it('keep wrong bytes under a 204 without ETag when files are the storage, and refuse them when it is SQL', async () => {
    await using server = await startFakeChefServer();
    const box = await sandbox(server, ['one']);
    const signedMd5 = { 'content-md5': base64Md5('one') };

    server.faults.fileStorage = 'sql';
    const refused = await upload(box.url('one'), 'wrong', signedMd5);
    server.faults.fileStorage = 'files';
    const kept = await upload(box.url('one'), 'wrong', signedMd5);

    expect(refused.status).toBe(406);
    expect([kept.status, kept.headers.get('etag')]).toEqual([204, null]);
    await box.commit();
    await put(server, '1.0.0', manifest('apt', '1.0.0', ['one']));
    expect(server.organization('acme').dump().files.get(md5('one'))?.toString()).toBe('wrong');
  });
});

describe('cookbook versions', () => {
  it('are listed newest first, with as many versions as asked for', async () => {
    await using server = await startFakeChefServer();
    for (const version of ['1.2.0', '1.10.0', '0.9'])
      server.organization('acme').putCookbook('apt', version, { files: {} });

    const all = await send(server, 'GET', `${acme}/cookbooks?num_versions=all`);
    const one = await send(server, 'GET', `${acme}/cookbooks`);
    const wrong = await send(server, 'GET', `${acme}/cookbooks?num_versions=some`);

    const versions = ['1.10.0', '1.2.0', '0.9.0'].map((version) => ({
      version,
      url: `${server.url}${acme}/cookbooks/apt/${version}`,
    }));
    expect(all.json).toEqual({ apt: { url: `${server.url}${acme}/cookbooks/apt`, versions } });
    expect(one.json).toMatchObject({ apt: { versions: versions.slice(0, 1) } });
    expect(wrong.status).toBe(400);
  });

  it('lose the files outside the nine segments when they are read in segment form', async () => {
    await using server = await startFakeChefServer();
    const files = { 'recipes/default.rb': 'a', 'metadata.rb': 'b', 'spec/default_spec.rb': 'c' };
    server.organization('acme').putCookbook('apt', '1.0.0', { files });

    const v2 = await send(server, 'GET', `${acme}/cookbooks/apt/1.0.0`);
    const v0 = await send(server, 'GET', `${acme}/cookbooks/apt/_latest`, { apiVersion: '0' });

    expect(v2.json).toMatchObject({
      metadata: { dependencies: {}, attributes: {}, long_description: '' },
      all_files: [{ name: 'recipes/default.rb' }, { name: 'root_files/metadata.rb' }, { name: 'spec/default_spec.rb' }],
    });
    expect(v0.json).toMatchObject({
      recipes: [{ name: 'default.rb', path: 'recipes/default.rb' }],
      root_files: [{ name: 'metadata.rb' }],
      templates: [],
    });
    expect(v0.text).not.toContain('default_spec.rb');
  });

  it('compare equal in a dump after their manifest went from one organization to another', async () => {
    await using server = await startFakeChefServer({ organizations: ['acme', 'other'] });
    server.organization('other').putCookbook('apt', '1.0.0', { files: { 'recipes/0.rb': 'a' }, frozen: true });
    const manifestText = (await send(server, 'GET', '/organizations/other/cookbooks/apt/1.0.0')).text;

    await uploadAll(server, ['a']);
    await send(server, 'PUT', `${acme}/cookbooks/apt/1.0.0`, { body: manifestText });

    expect(server.organization('acme').dump()).toEqual(server.organization('other').dump());
  });

  it('are written in segment form too, but never in the form of the other API version', async () => {
    await using server = await startFakeChefServer();
    await uploadAll(server, ['a']);
    const recipes = [{ name: 'default.rb', path: 'recipes/default.rb', checksum: md5('a'), specificity: 'default' }];
    const body = { ...manifest('apt', '1.0.0', []), all_files: undefined, recipes };

    const wrongForm = await send(server, 'PUT', `${acme}/cookbooks/apt/1.0.0`, { body });
    const rightForm = await send(server, 'PUT', `${acme}/cookbooks/apt/1.0.0`, {
      apiVersion: '1',
      body,
    });

    expect([wrongForm.status, wrongForm.json]).toEqual([400, { error: ['Invalid key recipes in request body'] }]);
    expect(rightForm.status).toBe(201);
    expect(server.organization('acme').dump().cookbooks.get('apt/1.0.0')?.files).toMatchObject([
      { name: 'recipes/default.rb', checksum: md5('a') },
    ]);
  });

  it.each([
    { name: 'apt-1.0' },
    { cookbook_name: 'yum' },
    { version: '1.0' },
    { metadata: { version: '1.0' } },
    { metadata: { version: '1.0.0', dependencies: { yum: '>=1.0' } } },
    { all_files: [{ name: 'a', path: 'a', checksum: 'x' }] },
    { colour: 'red' },
  ])('are refused with %j', async (wrong) => {
    await using server = await startFakeChefServer();

    const answer = await put(server, '1.0.0', manifest('apt', '1.0.0', [], wrong));

    expect(answer.status).toBe(400);
    expect(server.organization('acme').dump().cookbooks.size).toBe(0);
  });

  it('stay frozen, and change only by force', async () => {
    await using server = await startFakeChefServer();
    await uploadAll(server, ['a', 'b']);
    await put(server, '1.0.0', manifest('apt', '1.0.0', ['a'], { 'frozen?': true }));

    const refused = await put(server, '1.0.0', manifest('apt', '1.0.0', ['a']));
    const forced = await put(server, '1.0.0', manifest('apt', '1.0.0', ['b']), '?force=true');

    expect([refused.status, forced.status]).toEqual([409, 200]);
    expect(forced.json).toMatchObject({ 'frozen?': true });
    expect(server.organization('acme').dump().cookbooks.get('apt/1.0.0')).toMatchObject({
      isFrozen: true,
      files: [{ checksum: md5('b') }],
    });
  });

  it('stay listed when their first manifest was refused for an unknown checksum', async () => {
    await using server = await startFakeChefServer();

    const refused = await put(server, '1.0.0', manifest('apt', '1.0.0', ['a']));
    const listed = await send(server, 'GET', `${acme}/cookbooks`);
    await uploadAll(server, ['a']);
    const corrected = await put(server, '1.0.0', manifest('apt', '1.0.0', ['a']));

    expect([refused.status, refused.json]).toEqual([
      400,
      { error: ["Manifest has a checksum that hasn't been uploaded."] },
    ]);
    expect(listed.json).toMatchObject({ apt: { versions: [{ version: '1.0.0' }] } });
    expect(corrected.status).toBe(200);
  });

  it('lose the checksums of their old manifest when a new one was refused', async () => {
    await using server = await startFakeChefServer();
    await uploadAll(server, ['a', 'shared']);
    await put(server, '1.0.0', manifest('apt', '1.0.0', ['a', 'shared']));
    await put(server, '2.0.0', manifest('apt', '2.0.0', ['shared']));

    const refused = await put(server, '1.0.0', manifest('apt', '1.0.0', ['b']));

    expect(refused.json).toEqual({
      error: [`Manifest has checksum ${md5('b')} but it hasn't yet been uploaded`],
    });
    const box = await sandbox(server, ['a', 'shared']);
    expect([box.needsUpload('a'), box.needsUpload('shared')]).toEqual([true, false]);
    expect((await put(server, '1.0.0', manifest('apt', '1.0.0', ['a']))).status).toBe(400);
  });

  it('take their unshared checksums with them, even when a sandbox has just committed one', async () => {
    await using server = await startFakeChefServer();
    await uploadAll(server, ['a', 'shared']);
    await put(server, '1.0.0', manifest('apt', '1.0.0', ['a', 'shared']));
    await put(server, '2.0.0', manifest('apt', '2.0.0', ['shared']));
    await uploadAll(server, ['a']);

    await send(server, 'DELETE', `${acme}/cookbooks/apt/1.0.0`);

    expect((await put(server, '3.0.0', manifest('apt', '3.0.0', ['a']))).status).toBe(400);
    expect([...server.organization('acme').dump().files.keys()]).toEqual([md5('shared')]);
  });

  it('of a new name lose a race: two versions at once are one 201 and one 500, which a retry mends', async () => {
    await using server = await startFakeChefServer({ insertMs: 100 });
    const both = await Promise.all(['1.0.0', '2.0.0'].map((v) => put(server, v, manifest('apt', v, []))));
    const loser = both[0]?.status === 500 ? '1.0.0' : '2.0.0';

    expect(both.map(({ status }) => status).sort()).toEqual([201, 500]);
    expect(server.organization('acme').dump().cookbooks.has(`apt/${loser}`)).toBe(false);
    expect((await put(server, loser, manifest('apt', loser, []))).status).toBe(201);
  });

  it('offer their files by URLs that expire, and 404 for a lost one', async () => {
    let nowMs = Date.now();
    await using server = await startFakeChefServer({ now: () => nowMs });
    server.organization('acme').putCookbook('apt', '1.0.0', { files: { 'recipes/default.rb': 'content' } });
    const { json } = await send(server, 'GET', `${acme}/cookbooks/apt/1.0.0`);
    const url = manifestAnswer.parse(json).all_files[0]?.url ?? '';

    const content = await fetch(url);
    const tampered = await fetch(url.replace('X-Amz-Expires=28800', 'X-Amz-Expires=99999'));
    server.organization('acme').loseFile(md5('content'));
    const lost = await fetch(url);
    nowMs += 28_801_000;
    const expired = await fetch(url);

    expect(await content.text()).toBe('content');
    expect([tampered.status, lost.status, expired.status]).toEqual([403, 404, 403]);
    expect(expired.headers.get('content-type')).toBe('application/xml');
  });
});
