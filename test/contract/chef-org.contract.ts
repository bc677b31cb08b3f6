import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChefRequestError } from '../../lib/model/chef-request-error.ts';
import { type ObjectRef, trustedRef } from '../../lib/model/object-path.ts';
import type { ChefOrg, CookbookFiles } from '../../lib/ports/chef-org.ts';

/** The servers that the suite knows; `named` is one that the operator named in the environment. */
export type ContractServerName = 'fake' | 'goiardi' | 'chef-zero' | 'named';

/** An organization that the suite may fill; it touches only names with a prefix of its own, and removes them. */
export interface ContractServer {
  readonly org: ChefOrg;
  /** A server without organizations cannot say which one it is. */
  readonly hasOrganizations: boolean;
  stop(): Promise<void>;
}

/** Every way in which servers are known to differ: one line each, with what is true of a server that has it. */
const DIFFERENCES = {
  'nine segments only': 'its API ends at version 1, which has no place for files outside the nine segments',
  'no size limit': 'it takes items of 3 MB as it is set up here',
  'late search': 'its search index is asynchronous: new objects may be missing from it for a while',
  'rewrites numbers': 'it writes 1.10 as 1.1',
  'sorts keys': 'it gives the members of an object back in alphabetical order',
  'no NUL': 'PostgreSQL has no NUL character in text, so an object with one is refused with a 500',
  'overwrites on create': 'two creations of one role at once may both be answered 201, and the later one stays',
  'checks nothing': 'it stores whatever it is given',
  'versions as written': 'it lists and serves version 1.2 as 1.2 and not as 1.2.0',
} as const;
type Difference = keyof typeof DIFFERENCES;

/** Which server has which: the cases ask this table instead of being skipped. */
const KNOWN_DIFFERENCES: Readonly<Record<ContractServerName, readonly Difference[]>> = {
  fake: ['rewrites numbers'],
  goiardi: ['nine segments only', 'no size limit', 'sorts keys', 'no NUL', 'overwrites on create'],
  'chef-zero': ['no size limit', 'rewrites numbers', 'checks nothing', 'versions as written'],
  named: ['late search', 'rewrites numbers'],
};

/** What the port promises, against one server. */
export function describeChefOrg(name: ContractServerName, start: () => Promise<ContractServer>): void {
  const differs = (difference: Difference) => KNOWN_DIFFERENCES[name].includes(difference);
  const prefix = `chef-sync-test-${randomBytes(4).toString('hex')}-`;

  describe(`a Chef organization on ${name}`, () => {
    let server: ContractServer;
    let org: ChefOrg;

    beforeAll(async () => {
      server = await start();
      org = server.org;
    });

    afterAll(async () => {
      await removeAllOf(org, prefix);
      await server.stop();
    });

    const role = (suffix: string) => trustedRef(`/roles/${prefix}${suffix}`);
    const environment = (suffix: string) => trustedRef(`/environments/${prefix}${suffix}`);
    const bag = (suffix: string) => trustedRef(`/data/${prefix}${suffix}`);
    const item = (inBag: string, id: string) => trustedRef(`/data/${prefix}${inBag}/${id}`);
    const cookbook = (suffix: string, version: string) => trustedRef(`/cookbooks/${prefix}${suffix}/${version}`);

    async function textOf(ref: ObjectRef): Promise<string> {
      const read = await org.read(ref);
      if ('missing' in read) throw new Error(`${ref.path} is missing`);
      return read.text;
    }
    async function parsed(ref: ObjectRef): Promise<unknown> {
      return JSON.parse(await textOf(ref));
    }
    async function failureOf(work: Promise<unknown>): Promise<ChefRequestError['failure']> {
      const error: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!(error instanceof ChefRequestError)) throw new Error('the request was expected to fail', { cause: error });
      return error.failure;
    }

    test('it says who it is', async () => {
      const { guid } = await org.probe();
      expect(typeof guid).toBe(server.hasOrganizations ? 'string' : 'undefined');
    });

    describe('data bags and items', () => {
      test('a bag is created once, listed, read by its name and removed once', async () => {
        expect(await org.create(bag('b1'), '{}')).toBe('created');
        expect(await org.create(bag('b1'), '{}')).toBe('exists');
        expect(await org.names('/data')).toContain(bag('b1').name);
        expect(await parsed(bag('b1'))).toEqual({ name: bag('b1').name });

        expect(await org.remove(bag('b1'))).toBe('removed');
        expect(await org.remove(bag('b1'))).toBe('missing');
        expect(await org.names('/data')).not.toContain(bag('b1').name);
        expect(await org.read(bag('b1'))).toEqual({ missing: true, isChefShaped: true });
      });

      test('an item without its bag is not written, and the answer says what is missing', async () => {
        expect(await org.create(item('nobag', 'x'), '{"id":"x"}')).toBe('no-container');
      });

      test('an item is created, listed, replaced and removed, and never comes into being by a replace', async () => {
        await org.create(bag('b2'), '{}');
        const ref = item('b2', 'web');

        expect(await org.replace(ref, '{"id":"web","n":0}')).toBe('missing');
        expect(await org.create(ref, '{"id":"web","n":1}')).toBe('created');
        expect(await org.create(ref, '{"id":"web","n":2}')).toBe('exists');
        expect(await org.names(`/data/${bag('b2').name}`)).toEqual(['web']);
        expect(await parsed(ref)).toEqual({ id: 'web', n: 1 });

        expect(await org.replace(ref, '{"id":"web","n":3}')).toBe('replaced');
        expect(await parsed(ref)).toEqual({ id: 'web', n: 3 });

        expect(await org.remove(ref)).toBe('removed');
        expect(await org.remove(ref)).toBe('missing');
        expect(await org.read(ref)).toEqual({ missing: true, isChefShaped: true });
      });

      test('what an item says survives: key order, big integers, escapes, other alphabets', async () => {
        await org.create(bag('b3'), '{}');
        const text = '{"id":"x","z":12345678901234567890,"a":{"emoji":"😀","quote":"\\"\\\\"},"list":[1,2,null,true]}';

        await org.create(item('b3', 'x'), text);

        const stored = await textOf(item('b3', 'x'));
        expect(JSON.parse(stored)).toEqual(JSON.parse(text));
        expect(stored).toContain('12345678901234567890');
        expect(stored.indexOf('"z"') < stored.indexOf('"a"')).toBe(!differs('sorts keys'));
      });

      test('a NUL character is kept, or refused with a status', async () => {
        await org.create(bag('b9'), '{}');
        const write = org.create(item('b9', 'x'), '{"id":"x","nul":"\\u0000"}');

        if (differs('no NUL')) expect(await failureOf(write)).toMatchObject({ cause: 'status', status: 500 });
        else expect(await write.then(() => parsed(item('b9', 'x')))).toEqual({ id: 'x', nul: '\u0000' });
      });

      test('the spelling of a fraction is kept where the server keeps it', async () => {
        await org.create(bag('b4'), '{}');
        await org.create(item('b4', 'x'), '{"id":"x","f":1.10}');

        expect(await textOf(item('b4', 'x'))).toMatch(differs('rewrites numbers') ? /"f": ?1\.10?\b/ : /"f": ?1\.10\b/);
      });

      test('an item that has a key raw_data of its own keeps all its keys', async () => {
        await org.create(bag('b5'), '{}');
        const text = '{"id":"x","raw_data":{"id":"other"},"more":1}';

        await org.create(item('b5', 'x'), text);
        expect(await parsed(item('b5', 'x'))).toEqual(JSON.parse(text));

        await org.replace(item('b5', 'x'), text.replace('1', '2'));
        expect(await parsed(item('b5', 'x'))).toEqual(JSON.parse(text.replace('1', '2')));
      });

      test('an item whose id is another than its path is refused and changes nothing', async () => {
        await org.create(bag('b6'), '{}');
        await org.create(item('b6', 'x'), '{"id":"x","n":1}');

        expect(await failureOf(org.replace(item('b6', 'x'), '{"id":"y","n":2}'))).toMatchObject({ cause: 'object' });

        expect(await org.names(`/data/${bag('b6').name}`)).toEqual(['x']);
        expect(await parsed(item('b6', 'x'))).toEqual({ id: 'x', n: 1 });
      });

      test('the list of a bag that does not exist is an error, never an empty list', async () => {
        expect(await failureOf(org.names(`/data/${prefix}none`))).toMatchObject({ cause: 'status', status: 404 });
      });

      test('an item of 3 MB is refused as too large where there is a limit', async () => {
        await org.create(bag('b7'), '{}');
        const text = `{"id":"big","x":"${'x'.repeat(3_000_000)}"}`;

        if (differs('no size limit')) {
          expect(await org.create(item('b7', 'big'), text)).toBe('created');
        } else {
          expect(await failureOf(org.create(item('b7', 'big'), text))).toMatchObject({ cause: 'status', status: 413 });
          expect(await org.names(`/data/${bag('b7').name}`)).toEqual([]);
        }
      });

      test('search gives the items of a bag as they are read one by one', async () => {
        await org.create(bag('b8'), '{}');
        for (const id of ['one', 'two']) await org.create(item('b8', id), `{"id":"${id}","big":12345678901234567890}`);

        const bodies = await org.bodies(`/data/${bag('b8').name}`);

        if (!differs('late search')) expect([...(bodies?.keys() ?? [])].sort()).toEqual(['one', 'two']);
        for (const [id, text] of bodies ?? []) {
          expect(JSON.parse(text)).toEqual(await parsed(item('b8', id)));
          expect(text).toContain('12345678901234567890');
        }
      });
    });

    describe('roles and environments', () => {
      const roleText = (name: string, description: string) =>
        JSON.stringify({
          name,
          description,
          json_class: 'Chef::Role',
          chef_type: 'role',
          default_attributes: { port: 80 },
          override_attributes: {},
          run_list: ['recipe[apt]', 'role[base]'],
          env_run_lists: { prod: ['recipe[apt]'] },
        });
      const environmentText = (name: string, description: string) =>
        JSON.stringify({
          name,
          description,
          json_class: 'Chef::Environment',
          chef_type: 'environment',
          cookbook_versions: { apt: '= 2.0.0' },
          default_attributes: {},
          override_attributes: { a: { b: [1, 2] } },
        });

      test.each([
        ['role', '/roles', role, roleText],
        ['environment', '/environments', environment, environmentText],
      ] as const)(
        '%s: created, listed, replaced, removed, and never brought into being by a replace',
        async (_kind, list, refOf, textFor) => {
          const ref = refOf('web');

          expect(await org.replace(ref, textFor(ref.name, 'none'))).toBe('missing');
          expect(await org.create(ref, textFor(ref.name, 'first'))).toBe('created');
          expect(await org.create(ref, textFor(ref.name, 'again'))).toBe('exists');
          expect(await org.names(list)).toContain(ref.name);
          expect(await parsed(ref)).toEqual(JSON.parse(textFor(ref.name, 'first')));

          expect(await org.replace(ref, textFor(ref.name, 'second'))).toBe('replaced');
          expect(await parsed(ref)).toEqual(JSON.parse(textFor(ref.name, 'second')));
          const bodies = await org.bodies(list);
          const body = bodies?.get(ref.name);
          if (!differs('late search')) expect(body).toBeDefined();
          if (body !== undefined) expect(JSON.parse(body)).toEqual(await parsed(ref));

          expect(await org.remove(ref)).toBe('removed');
          expect(await org.remove(ref)).toBe('missing');
          expect(await org.read(ref)).toEqual({ missing: true, isChefShaped: true });
        },
      );

      test('an environment that names another inside is refused instead of renaming it', async () => {
        const ref = environment('stay');
        await org.create(ref, environmentText(ref.name, ''));

        expect(await failureOf(org.replace(ref, environmentText(`${prefix}moved`, '')))).toMatchObject({
          cause: 'object',
        });

        expect(await org.names('/environments')).toContain(ref.name);
        expect(await org.names('/environments')).not.toContain(`${prefix}moved`);
      });

      test('the same role created twice at once exists once', async () => {
        const ref = role('twice');
        const answers = await Promise.all([1, 2].map((n) => org.create(ref, roleText(ref.name, String(n)))));

        expect(answers).toContain('created');
        if (!differs('overwrites on create')) expect(answers).toContain('exists');
        expect(await parsed(ref)).toMatchObject({ name: ref.name });
      });

      test('what a server refuses is told in its own words', async () => {
        const ref = role('bad');
        const write = org.create(ref, JSON.stringify({ name: ref.name, run_list: 'not a list' }));

        if (differs('checks nothing')) {
          expect(await write).toBe('created');
        } else {
          const failure = await failureOf(write);
          expect(failure).toMatchObject({ cause: 'status', status: 400 });
          expect(failure.text).toMatch(/run_list/);
        }
      });
    });

    describe('cookbook versions', () => {
      test('a version arrives with all its files, is listed, and is removed once', async () => {
        const ref = cookbook('all', '1.0.0');
        const source = sampleCookbook(ref, {
          'metadata.rb': "name 'all'\n",
          'recipes/default.rb': 'package "apt"\n',
          'templates/ubuntu/etc.conf.erb': '<%= 1 %>\n',
          'files/empty': '',
          'files/large.bin': randomBytes(3_000_000),
        });

        await org.writeCookbook(ref, source.manifest, source.files);

        expect(await org.names('/cookbooks')).toContain(`${ref.container}/1.0.0`);
        expect(await filesOn(org, ref)).toEqual(source.contents);
        expect(await parsed(ref)).toMatchObject({ metadata: { version: '1.0.0', description: 'a sample' } });

        expect(await org.remove(ref)).toBe('removed');
        expect(await org.remove(ref)).toBe('missing');
        expect(await org.read(ref)).toEqual({ missing: true, isChefShaped: true });
        expect(await org.names('/cookbooks')).not.toContain(`${ref.container}/1.0.0`);
      });

      test('a file outside the nine segments arrives, or its name is told before anything is written', async () => {
        const ref = cookbook('compliance', '1.0.0');
        const source = sampleCookbook(ref, { 'recipes/default.rb': '#\n', 'compliance/profiles/web.yml': 'a: 1\n' });
        const write = org.writeCookbook(ref, source.manifest, source.files);

        if (differs('nine segments only')) {
          const failure = await failureOf(write);
          expect(failure).toMatchObject({ cause: 'object' });
          expect(failure.text).toContain('compliance/profiles/web.yml');
          expect(await org.read(ref)).toEqual({ missing: true, isChefShaped: true });
        } else {
          await write;
          expect(await filesOn(org, ref)).toEqual(source.contents);
        }
      });

      test('writing a version again replaces its files, and a file that is there already does not cross again', async () => {
        const ref = cookbook('again', '1.0.0');
        const first = sampleCookbook(ref, {
          'recipes/default.rb': `# ${prefix} 1\n`,
          'recipes/old.rb': `# ${prefix} old\n`,
        });
        await org.writeCookbook(ref, first.manifest, first.files);
        const second = sampleCookbook(ref, {
          'recipes/default.rb': `# ${prefix} 1\n`,
          'recipes/new.rb': `# ${prefix} new\n`,
        });

        await org.writeCookbook(ref, second.manifest, second.files);

        expect(await filesOn(org, ref)).toEqual(second.contents);
        expect(second.opened()).toEqual(['recipes/new.rb']);
      });

      test('a frozen version is replaced all the same and stays frozen, whatever the source says', async () => {
        const ref = cookbook('frozen', '1.0.0');
        const frozen = sampleCookbook(ref, { 'recipes/default.rb': `# ${prefix} frozen\n` }, { isFrozen: true });
        await org.writeCookbook(ref, frozen.manifest, frozen.files);
        expect(await parsed(ref)).toMatchObject({ 'frozen?': true });

        const changed = sampleCookbook(ref, { 'recipes/default.rb': `# ${prefix} changed\n` }, { isFrozen: true });
        await org.writeCookbook(ref, changed.manifest, changed.files);
        expect(await parsed(ref)).toMatchObject({ 'frozen?': true });
        expect(await filesOn(org, ref)).toEqual(changed.contents);

        const thawed = sampleCookbook(ref, { 'recipes/default.rb': `# ${prefix} thawed\n` });
        await org.writeCookbook(ref, thawed.manifest, thawed.files);
        expect(await parsed(ref)).toMatchObject({ 'frozen?': true });
        expect(await filesOn(org, ref)).toEqual(thawed.contents);
      });

      test('a version that its metadata spells with two parts is found under three', async () => {
        const ref = cookbook('short', '1.2.0');
        const source = sampleCookbook(ref, { 'recipes/default.rb': '#\n' }, { writtenVersion: '1.2' });

        await org.writeCookbook(ref, source.manifest, source.files);

        const listed = differs('versions as written') ? '1.2' : '1.2.0';
        expect(await org.names('/cookbooks')).toContain(`${ref.container}/${listed}`);
        if (!differs('versions as written')) expect(await parsed(ref)).toMatchObject({ metadata: { version: '1.2' } });
      });

      test('two versions of one new cookbook written at once are both there', async () => {
        const refs = ['1.0.0', '2.0.0'].map((version) => cookbook('race', version));

        await Promise.all(
          refs.map((ref) => {
            const source = sampleCookbook(ref, { 'recipes/default.rb': `# ${ref.path}\n` });
            return org.writeCookbook(ref, source.manifest, source.files);
          }),
        );

        for (const ref of refs) expect(await org.names('/cookbooks')).toContain(`${ref.container}/${ref.name}`);
      });

      test('a file that several cookbooks share crosses once, even when they are written at once', async () => {
        const shared = `# shared by all of ${prefix}\n`;
        const sources = ['s1', 's2', 's3', 's4'].map((name) => {
          const ref = cookbook(name, '1.0.0');
          return { ref, ...sampleCookbook(ref, { 'recipes/default.rb': shared, 'recipes/own.rb': `# ${ref.path}\n` }) };
        });

        await Promise.all(sources.map(({ ref, manifest, files }) => org.writeCookbook(ref, manifest, files)));

        const opened = sources.flatMap((source) => source.opened());
        expect(opened.filter((path) => path === 'recipes/default.rb')).toHaveLength(1);
        for (const { ref, contents } of sources) expect(await filesOn(org, ref)).toEqual(contents);
      });

      test('a cookbook of more files than a sandbox takes arrives whole', async () => {
        const ref = cookbook('many', '1.0.0');
        const contents = Object.fromEntries(
          Array.from({ length: 130 }, (_, n) => [`files/f${n}.txt`, `${prefix} ${n}\n`] as const),
        );
        const source = sampleCookbook(ref, contents);

        await org.writeCookbook(ref, source.manifest, source.files);

        expect((await filesOn(org, ref)).size).toBe(130);
      });

      test('a version whose file cannot be had from the source is not written', async () => {
        const ref = cookbook('lost', '1.0.0');
        const source = sampleCookbook(ref, { 'recipes/default.rb': `# lost ${prefix}\n` });
        const lost = new ChefRequestError({ side: 'primary', request: 'GET x', cause: 'object', text: 'lost' });

        const failure = await failureOf(org.writeCookbook(ref, source.manifest, { open: () => Promise.reject(lost) }));

        expect(failure).toMatchObject({ side: 'primary', cause: 'object', text: 'lost' });
        expect(await org.read(ref)).toEqual({ missing: true, isChefShaped: true });
      });
    });

    test('a server without the feed says so, and is never taken for one without changes', async () => {
      expect(await org.updatedSince('0')).toMatchObject({ kind: 'absent' });
    });
  });
}

/** A cookbook version in memory, with what was opened of it. */
interface SampleCookbook {
  readonly manifest: string;
  readonly files: CookbookFiles;
  /** MD5 of the content by path. */
  readonly contents: ReadonlyMap<string, string>;
  /** Paths of the files that were opened, each as often as it was. */
  opened(): readonly string[];
}

function sampleCookbook(
  ref: ObjectRef,
  contents: Readonly<Record<string, string | Buffer>>,
  { isFrozen = false, writtenVersion = ref.name } = {},
): SampleCookbook {
  const opened: string[] = [];
  const entries = Object.entries(contents).map(([path, content]) => {
    const bytes = Buffer.from(content);
    const [segment, ...rest] = path.split('/');
    const name = rest.length === 0 ? `root_files/${path}` : `${segment}/${rest.at(-1)}`;
    const checksum = md5(bytes);
    return {
      bytes,
      entry: { name, path, checksum, specificity: rest.length > 1 ? (rest[0] ?? 'default') : 'default' },
    };
  });
  const manifest = JSON.stringify({
    name: `${ref.container}-${writtenVersion}`,
    cookbook_name: ref.container,
    version: writtenVersion,
    chef_type: 'cookbook_version',
    json_class: 'Chef::CookbookVersion',
    'frozen?': isFrozen,
    metadata: { name: ref.container, version: writtenVersion, description: 'a sample', dependencies: {} },
    all_files: entries.map(({ entry }) => entry),
  });
  return {
    manifest,
    contents: new Map(entries.map(({ entry }) => [entry.path, entry.checksum])),
    opened: () => opened,
    files: {
      async open(checksum) {
        const found = entries.find(({ entry }) => entry.checksum === checksum);
        if (found === undefined) throw new Error(`the sample has no file ${checksum}`);
        opened.push(found.entry.path);
        return pieces(found.bytes);
      },
    },
  };
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536);
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** MD5 of the content that the organization really serves, by path. */
async function filesOn(org: ChefOrg, ref: ObjectRef): Promise<ReadonlyMap<string, string>> {
  const manifest = await org.read(ref);
  if ('missing' in manifest) throw new Error(`${ref.path} is missing`);
  const value: unknown = JSON.parse(manifest.text);
  const lists = typeof value === 'object' && value !== null ? Object.values(value).filter(Array.isArray) : [];
  const served = new Map<string, string>();
  const files = org.cookbookFiles(manifest);
  for (const { path, checksum } of lists.flat()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await files.open(checksum)) chunks.push(chunk);
    served.set(path, md5(Buffer.concat(chunks)));
  }
  return served;
}

async function removeAllOf(org: ChefOrg, prefix: string): Promise<void> {
  for (const list of ['/cookbooks', '/roles', '/environments', '/data'] as const) {
    for (const name of await org.names(list)) {
      if (name.startsWith(prefix)) await org.remove(trustedRef(`${list}/${name}`));
    }
  }
}
