import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRequestLimiters } from '../../lib/chef/request-limiter.ts';
import type { SandboxChefServerOptions } from '../../lib/local/sandbox-chef-server/server.ts';
import { ChefRequestError, type RequestFailure } from '../../lib/model/chef-request-error.ts';
import { trustedRef } from '../../lib/model/object-path.ts';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { emptyAnswer, htmlPage } from '../support/fault-answers.ts';
import { type Connection, connectChefOrg, hastyClock } from './connect-chef-org.ts';

const web = trustedRef('/roles/web');
const roleText = '{"name":"web","description":"a role"}';

describe('the Chef client meets a server that misbehaves', () => {
  let server: FakeChefServer;
  let replica: Connection;

  async function start(options: SandboxChefServerOptions = {}): Promise<void> {
    server = await startFakeChefServer(options);
    replica = connectChefOrg({ ...server, organization: 'acme' });
  }

  beforeEach(() => start());
  afterEach(async () => {
    await server.stop();
    await replica.close();
  });

  async function failureOf(work: Promise<unknown>): Promise<RequestFailure> {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ChefRequestError)) throw new Error('the request was expected to fail', { cause: error });
    return error.failure;
  }

  describe('single requests', () => {
    test.each([408, 429, 500, 502, 503, 504])('a passing %i is asked again, signed anew', async (status) => {
      server.organization('acme').putRole('web', {});
      server.faults.when({ path: /roles/ }, { kind: 'answer', status, body: '{"error":["busy"]}' }, { times: 2 });

      expect(await replica.org.read(web)).toHaveProperty('text');
      expect(server.requests.count('GET', /roles\/web$/)).toBe(3);
    });

    test.each([400, 401, 403, 409, 413])('a %i is told at once and not asked again', async (status) => {
      server.faults.when({ path: /roles/ }, { kind: 'answer', status, body: '{"error":["no"]}' });

      expect(await failureOf(replica.org.replace(web, roleText))).toMatchObject({
        side: 'replica',
        request: 'PUT /roles/web',
        cause: 'status',
        status,
        text: `${status} no`,
      });
      expect(server.requests.count('PUT', /roles/)).toBe(1);
    });

    test('a server that stays broken is asked four times, and then the error says what it said', async () => {
      server.faults.when(
        { path: /roles/ },
        { kind: 'answer', status: 502, body: '<html><title>Bad Gateway</title></html>' },
      );

      expect(await failureOf(replica.org.read(web))).toMatchObject({
        status: 502,
        text: '502 (HTML page: Bad Gateway)',
      });
      expect(server.requests.count('GET', /roles/)).toBe(4);
    });

    test('a dropped connection and an answer cut in the middle are asked again', async () => {
      server.organization('acme').putRole('web', {});
      server.faults.when({ path: /roles/ }, { kind: 'drop-request' }, { times: 1 });
      server.faults.when({ path: /roles/ }, { kind: 'truncate' }, { times: 1 });
      server.faults.when({ path: /roles/ }, { kind: 'drop-mid-body' }, { times: 1 });

      expect(await replica.org.read(web)).toHaveProperty('text');
    });

    test('a role whose creation was answered into the void exists, and is not created twice', async () => {
      server.faults.when({ method: 'POST', path: /roles/ }, { kind: 'drop-answer' }, { times: 1 });

      expect(await replica.org.create(web, roleText)).toBe('exists');
      expect([...server.organization('acme').dump().roles.keys()]).toEqual(['web']);
    });

    test('a server that never answers is given up after the time allowed', async () => {
      const impatient = connectChefOrg({ ...server, organization: 'acme' }, { timeouts: { headersMs: 30 } });
      server.faults.when({ path: /roles/ }, { kind: 'hang' });

      expect(await failureOf(impatient.org.read(web))).toMatchObject({ cause: 'time-out' });
      await server.stop();
      await impatient.close();
    });

    test('an HTML page or an empty body is no object and no list', async () => {
      for (const action of [htmlPage, emptyAnswer]) {
        const rule = server.faults.when({ path: /./ }, action);
        expect(await failureOf(replica.org.read(web))).toMatchObject({ cause: 'unexpected-answer', status: 200 });
        expect(await failureOf(replica.org.names('/roles'))).toMatchObject({ cause: 'unexpected-answer' });
        expect(await failureOf(replica.org.names('/cookbooks'))).toMatchObject({ cause: 'unexpected-answer' });
        expect(await failureOf(replica.org.remove(web))).toMatchObject({ cause: 'unexpected-answer' });
        expect(await failureOf(replica.org.probe())).toMatchObject({ cause: 'unexpected-answer' });
        server.faults.remove(rule);
      }
    });

    test('a page in front of the server does not settle the API version', async () => {
      server.faults.when({ path: /./ }, htmlPage, { times: 1 });
      await failureOf(replica.org.probe());
      await replica.org.probe();
      expect(replica.server.apiVersion()).toBe(2);
    });

    test('text that is no UTF-8 is an error of that object and is never repaired silently', async () => {
      server.organization('acme').putRole('web', { description: 'x'.repeat(100) });
      server.faults.when({ path: /roles\/web/ }, { kind: 'invalid-utf8' });

      const failure = await failureOf(replica.org.read(web));
      expect(failure).toMatchObject({ cause: 'object' });
      expect(failure.text).toMatch(/UTF-8/);
    });

    test('an object that says another name than its own is told of the primary, which has it, and is not written', async () => {
      const work = () => replica.org.create(trustedRef('/data/apps/one'), '{"id":"one","n":1,"id":"two"}');

      expect(await failureOf(work())).toMatchObject({
        side: 'primary',
        request: 'GET /data/apps/one',
        cause: 'object',
      });
      expect((await failureOf(work())).text).toMatch(/its own id is not "one"/);
      expect(server.requests.count('POST', /./)).toBe(0);
    });

    test('a redirect is not followed, so that no signature reaches another host', async () => {
      const headers = { location: 'https://elsewhere.example.com/x' };
      server.faults.when({ path: /roles/ }, { kind: 'answer', status: 301, body: '', headers });

      expect((await failureOf(replica.org.read(web))).text).toMatch(/elsewhere\.example\.com, which is never followed/);
    });

    test('a 404 of a web server is not taken for the absence of an object', async () => {
      server.faults.when(
        { path: /roles/ },
        { kind: 'answer', status: 404, body: '<html></html>', contentType: 'text/html' },
      );

      expect(await replica.org.read(web)).toEqual({ missing: true, isChefShaped: false });
      expect(await failureOf(replica.org.remove(web))).toMatchObject({ status: 404 });
      expect(await failureOf(replica.org.replace(web, roleText))).toMatchObject({ status: 404 });
    });

    test('an organization that does not exist is an error, not a missing object', async () => {
      const elsewhere = connectChefOrg({ ...server, organization: 'nobody' });
      expect((await failureOf(elsewhere.org.read(web))).text).toMatch(/organization 'nobody' does not exist/);
      await elsewhere.close();
    });

    test('a clock that is an hour off is named as the reason', async () => {
      const anHour = 3_600_000;
      const clock = { ...hastyClock, now: () => Date.now() + anHour };
      const late = connectChefOrg({ ...server, organization: 'acme' }, { clock });

      expect((await failureOf(late.org.probe())).text).toMatch(/clock is 60 minutes ahead of the server's/);
      await late.close();
    });

    test('nobody listening is told with the host and what to check', async () => {
      await server.stop();
      const failure = await failureOf(replica.org.probe());
      expect(failure).toMatchObject({ cause: 'connection' });
      expect(failure.text).toMatch(/nothing listens at 127\.0\.0\.1:\d+/);
    });
  });

  test('trouble is remembered and halves the requests in flight', async () => {
    expect(replica.org.lastTroubleAt()).toBe(0);
    server.faults.when({ path: /roles/ }, { kind: 'answer', status: 503, body: '' }, { times: 1 });

    await replica.org.read(web);

    expect(replica.org.lastTroubleAt()).toBeGreaterThan(0);
    expect(replica.server.limiter.limit).toBe(8);
  });

  test('a 403 counts as trouble too, because an overloaded server refuses those it does not recognise', async () => {
    server.faults.when({ path: /roles/ }, { kind: 'answer', status: 403, body: '{"error":["x"]}' });
    await failureOf(replica.org.read(web));
    expect(replica.org.lastTroubleAt()).toBeGreaterThan(0);
  });

  test('what an object’s own permissions deny, and a search out of order, are no trouble: they would last for ever', async () => {
    const denied = '{"error":["missing read permission"]}';
    server.faults.when({ path: /roles\// }, { kind: 'answer', status: 403, body: denied });
    server.faults.when({ path: /search/ }, { kind: 'answer', status: 503, body: '' });
    await failureOf(replica.org.read(web));
    expect(await replica.org.bodies('/roles')).toEqual(new Map());
    expect(replica.org.lastTroubleAt()).toBe(0);

    // It is left alone for a while, instead of being asked for every list.
    const asked = server.requests.count('GET', /search/);
    expect(await replica.org.bodies('/environments')).toEqual(new Map());
    expect(server.requests.count('GET', /search/)).toBe(asked);
  });

  test('never more requests in flight than allowed, however many are asked for', async () => {
    for (let n = 0; n < 100; n += 1) server.organization('acme').putRole(`r${n}`, {});
    server.requests.clear();

    await Promise.all(Array.from({ length: 100 }, (_, n) => replica.org.read(trustedRef(`/roles/r${n}`))));

    expect(server.requests.highestInFlight).toBeLessThanOrEqual(16);
  });

  test.each(['1.0', '1.1', '1.3'] as const)('signatures of protocol %s are accepted', async (protocol) => {
    const older = connectChefOrg({ ...server, organization: 'acme', protocol });
    expect(await older.org.create(web, roleText)).toBe('created');
    await older.close();
  });

  test('a URL that already ends in the organization works like one that does not', async () => {
    const withPath = connectChefOrg({ ...server, url: `${server.url}/organizations/acme/`, organization: 'acme' });
    expect(await withPath.org.create(web, roleText)).toBe('created');
    expect([...server.organization('acme').dump().roles.keys()]).toEqual(['web']);
    await withPath.close();
  });

  describe('an older server', () => {
    beforeEach(async () => {
      await server.stop();
      await replica.close();
      await start({ apiVersions: { min: 0, max: 1 } });
    });

    test('refuses the newest API version once, and is then spoken to in its own', async () => {
      await replica.org.probe();
      await replica.org.names('/roles');

      expect(replica.server.apiVersion()).toBe(1);
      expect(server.requests.entries.map(({ status }) => status)).toEqual([406, 200, 200]);
    });
  });

  describe('search', () => {
    test('what search lacks is left to single reads', async () => {
      server.organization('acme').putRole('web', {});
      await replica.org.bodies('/roles');
      server.faults.isSearchIndexFrozen = true;
      server.organization('acme').putRole('new', {});

      expect([...((await replica.org.bodies('/roles')) ?? [])].map(([name]) => name)).toEqual(['web']);
    });

    test('a search that is out of order gives nothing instead of failing', async () => {
      server.faults.when({ path: /search/ }, { kind: 'answer', status: 500, body: '' });
      expect(await replica.org.bodies('/roles')).toEqual(new Map());
    });

    test('more members than a page are all found', async () => {
      for (let n = 0; n < 1_100; n += 1) server.organization('acme').putItem('bag', `i${n}`, {});
      expect((await replica.org.bodies('/data/bag'))?.size).toBe(1_100);
    });

    test('cookbooks and the list of bags have no bulk read', async () => {
      expect(await replica.org.bodies('/cookbooks')).toBeUndefined();
      expect(await replica.org.bodies('/data')).toBeUndefined();
      expect(await replica.org.bodies('/data/role')).toBeUndefined();
    });
  });

  describe('the feed', () => {
    const answerWith = (status: number, body: string) =>
      server.faults.when({ path: /updated_since/ }, { kind: 'answer', status, body });

    test('ids of any size and numbers in quotes arrive in full, and entries that are no events are counted', async () => {
      answerWith(
        200,
        `[{"action":"update","id":12345678901234567890,"path":"/roles/web"},{"action":"delete","id":"9","path":"/roles/x"},
          {"action":"sing","id":1,"path":"/roles/y"},{"action":"update","id":1.5,"path":"/roles/z"},7]`,
      );

      expect(await replica.org.updatedSince('0')).toEqual({
        kind: 'events',
        events: [
          { action: 'update', id: '12345678901234567890', path: '/roles/web' },
          { action: 'delete', id: '9', path: '/roles/x' },
        ],
        skipped: 3,
      });
    });

    test.each([
      [200, '', 'absent'],
      [200, '{}', 'absent'],
      [200, '<html></html>', 'absent'],
      [404, '{"error":["x"]}', 'absent'],
      [401, '{"error":["x"]}', 'refused'],
      [403, '{"error":["x"]}', 'refused'],
      [500, '', 'unavailable'],
      [503, '', 'unavailable'],
    ])('status %i with %s means: %s', async (status, body, kind) => {
      answerWith(status, body);
      expect(await replica.org.updatedSince('5')).toMatchObject({ kind });
    });

    test('a server with the feed tells what changed after a number', async () => {
      await server.stop();
      await replica.close();
      await start({ feed: true });
      server.organization('acme').putRole('web', {});
      server.organization('acme').putRole('db', {});

      expect(await replica.org.updatedSince('1')).toMatchObject({
        kind: 'events',
        events: [{ id: '2', path: '/roles/db' }],
      });
    });
  });

  describe('cookbooks from a primary', () => {
    const ref = trustedRef('/cookbooks/app/1.0.0');
    let source: FakeChefServer;
    let primary: Connection;

    beforeEach(async () => {
      source = await startFakeChefServer();
      primary = connectChefOrg({ ...source, organization: 'acme', side: 'primary' });
      source.organization('acme').putCookbook('app', '1.0.0', {
        files: { 'recipes/default.rb': '# one\n', 'files/large.bin': large, 'metadata.rb': "name 'app'\n" },
        frozen: true,
      });
    });
    afterEach(async () => {
      await source.stop();
      await primary.close();
    });

    const large = randomBytes(1_000_000);

    async function copy(): Promise<void> {
      const manifest = await primary.org.read(ref);
      if ('missing' in manifest) throw new Error('the primary lost its cookbook');
      await replica.org.writeCookbook(ref, manifest.text, primary.org.cookbookFiles(manifest));
    }
    const isEqual = () => {
      const [from, to] = [source, server].map((one) => one.organization('acme').dump());
      expect(to?.cookbooks).toEqual(from?.cookbooks);
      expect(to?.files).toEqual(from?.files);
    };

    test('the copy equals its source, frozen as it was, and no signature of ours went to a file store', async () => {
      await copy();

      isEqual();
      const stores = [...source.requests.entries, ...server.requests.entries].filter(({ path }) =>
        path.startsWith('/bookshelf/'),
      );
      expect(stores.length).toBeGreaterThan(5);
      expect(stores.every(({ user }) => user === '')).toBe(true);
    });

    test.each(['truncate', 'drop-mid-body', 'drop-request', 'corrupt'] as const)(
      'a download that suffers a passing "%s" arrives whole all the same',
      async (kind) => {
        source.faults.when({ method: 'GET', path: /bookshelf/ }, { kind }, { times: 2 });
        await copy();
        isEqual();
      },
    );

    test('a file whose bytes stay wrong is refused and the version is not written', async () => {
      source.faults.when({ method: 'GET', path: /bookshelf/ }, { kind: 'corrupt' });

      const failure = await failureOf(copy());

      expect(failure).toMatchObject({ side: 'primary', cause: 'object' });
      expect(server.organization('acme').dump().cookbooks.size).toBe(0);
    });

    test('a file that the primary has lost is named, and the version is not written', async () => {
      source.organization('acme').loseFile(createHash('md5').update(large).digest('hex'));

      const failure = await failureOf(copy());

      expect(failure).toMatchObject({ side: 'primary', cause: 'object', status: 404 });
      expect(`${failure.request}: ${failure.text}`).toMatch(/files\/large\.bin.*lost on the primary/);
      expect(server.organization('acme').dump().cookbooks.size).toBe(0);
    });

    test('a file that the primary has lost is no obstacle when the replica has it', async () => {
      await copy();
      source.organization('acme').loseFile(createHash('md5').update(large).digest('hex'));
      await copy();
      expect(server.organization('acme').dump().cookbooks.get('app/1.0.0')?.isFrozen).toBe(true);
    });

    test('E3.21 expired download URLs are renewed by reading the manifest once more', async () => {
      source.faults.when(
        { method: 'GET', path: /bookshelf/ },
        { kind: 'answer', status: 403, body: '<Error/>' },
        { times: 3 },
      );
      await copy();
      isEqual();
      expect(source.requests.count('GET', /cookbooks\/app/)).toBe(2);
    });

    test('wrong bytes that a file store keeps under a 204 are sent again', async () => {
      server.faults.when({ method: 'PUT', path: /bookshelf/ }, { kind: 'keep-wrong-bytes' }, { times: 1 });
      await copy();
      isEqual();
    });

    test('a file store that never confirms its bytes is an error, and the version is not written', async () => {
      server.faults.when({ method: 'PUT', path: /bookshelf/ }, { kind: 'keep-wrong-bytes' });
      expect(await failureOf(copy())).toMatchObject({ side: 'replica', cause: 'unexpected-answer' });
      expect(server.organization('acme').dump().cookbooks.size).toBe(0);
    });

    test('an incomplete sandbox is committed again until it is complete', async () => {
      const incomplete = '{"error":["Committed incomplete sandbox: x"]}';
      server.faults.when(
        { method: 'PUT', path: /sandboxes/ },
        { kind: 'answer', status: 503, body: incomplete },
        { times: 4 },
      );
      await copy();
      isEqual();
    });

    test('a sandbox that stays incomplete is told as that', async () => {
      server.faults.when(
        { method: 'PUT', path: /sandboxes/ },
        { kind: 'answer', status: 503, body: '{"error":["incomplete"]}' },
      );
      expect(await failureOf(copy())).toMatchObject({ side: 'replica', status: 503, isSandboxCommit: true });
    });

    test('a commit whose answer was lost has worked', async () => {
      server.faults.when({ method: 'PUT', path: /sandboxes/ }, { kind: 'drop-answer' }, { times: 1 });
      await copy();
      isEqual();
    });

    test('E2 C4 files that were uploaded and never committed are no progress, and the next copier brings them again', async () => {
      server.faults.when({ method: 'PUT', path: /sandboxes/ }, { kind: 'drop-request' }, { times: 5 });
      expect((await failureOf(copy())).hasProgressed).not.toBe(true);
      expect(server.organization('acme').dump().files.size).toBe(0);

      await replica.close();
      replica = connectChefOrg({ ...server, organization: 'acme' });
      await copy();
      isEqual();
      expect(server.requests.count('PUT', /bookshelf/)).toBe(2 * 3);
    });

    test('a refusal for unknown checksums is answered with all files once more', async () => {
      const body = `{"error":["Manifest has a checksum that hasn't been uploaded."]}`;
      server.faults.when(
        { method: 'PUT', path: /cookbooks\/app/ },
        { kind: 'answer', status: 400, body },
        { times: 1 },
      );
      await copy();
      isEqual();
      expect(server.requests.count('POST', /sandboxes/)).toBe(2);
    });

    test('a second refusal for unknown checksums is told as that, with the progress made', async () => {
      const body = '{"error":["Manifest has checksum abc but it hasn\'t yet been uploaded"]}';
      server.faults.when({ method: 'PUT', path: /cookbooks\/app/ }, { kind: 'answer', status: 400, body });
      expect(await failureOf(copy())).toMatchObject({ status: 400, isMissingChecksum: true, hasProgressed: true });
    });

    test('a manifest is never written before its files are committed', async () => {
      await copy();
      const writes = server.requests.entries
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path}`);
      expect(writes.findIndex((write) => /^PUT .*sandboxes/.test(write))).toBeLessThan(
        writes.findIndex((write) => /^PUT .*cookbooks\/app\/1\.0\.0\?force=true/.test(write)),
      );
    });

    test('source and destination may be one server with a single place for requests', async () => {
      source.addOrganization('copy');
      const limiters = createRequestLimiters(hastyClock, new Map([[source.url, 1]]));
      const from = connectChefOrg({ ...source, organization: 'acme', side: 'primary' }, { limiters });
      const to = connectChefOrg({ ...source, organization: 'copy' }, { limiters });
      const manifest = await from.org.read(ref);
      if ('missing' in manifest) throw new Error('the primary lost its cookbook');

      await to.org.writeCookbook(ref, manifest.text, from.org.cookbookFiles(manifest));

      expect(source.organization('copy').dump().files).toEqual(source.organization('acme').dump().files);
      await from.close();
      await to.close();
    });
  });
});
