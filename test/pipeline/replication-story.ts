import pMap from 'p-map';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoggedRequest } from '../../lib/local/sandbox-chef-server/request-log.ts';
import { type ObjectPath, trustedRef } from '../../lib/model/object-path.ts';
import { comparePair } from '../../lib/sync/inspect-pair.ts';
import { editOrganization, type ObjectContent, type OrganizationEditor } from './organization-editor.ts';
import { createPairWorld, type PairWorld } from './pair-world.ts';
import { cookbookContent, environmentText, itemText, roleText, sampleOrganization } from './sample-organization.ts';
import type { ServerPair } from './server-kinds.ts';

/** Everything a story works with. */
export interface StoryStage {
  readonly servers: ServerPair;
  readonly world: PairWorld;
  readonly primary: OrganizationEditor;
  readonly replica: OrganizationEditor;
}

/** What is particular about a kind of servers. */
export interface StoryOptions {
  readonly start: () => Promise<ServerPair>;
  /** `bootstrap`: the first chapter only, for slow servers that live through the others in another story. */
  readonly chapters?: 'all' | 'bootstrap';
  /** What the servers suffer from while the program works; it ends for every edit and every comparison. */
  readonly trouble?: { begin(servers: ServerPair): void; end(servers: ServerPair): void };
}

/** A replica that was filled by hand before: what it shares with the primary, has in another form, and has alone. */
const HALF_FILLED = {
  equal: (path: ObjectPath) => /\/(base|nginx|apps|role[1-4]|env[1-4])(\/|$)/.test(path),
  different: {
    '/roles/role5': roleText('role5', 'edited by hand'),
    '/environments/env5': environmentText('env5', 'edited by hand'),
    '/data/hosts': '{"name":"hosts"}',
    '/data/hosts/item1': itemText('item1', 'edited by hand'),
    '/cookbooks/postgres/1.3.0': cookbookContent('postgres', '1.3.0', 'edited by hand'),
  } satisfies Record<ObjectPath, ObjectContent>,
  onlyThere: {
    '/roles/local': roleText('local', 'only on the replica'),
    '/environments/local': environmentText('local', 'only on the replica'),
    '/data/local': '{"name":"local"}',
    '/data/local/one': itemText('one', 'only on the replica'),
    '/data/hosts/local': itemText('local', 'only on the replica'),
    '/cookbooks/local/1.0.0': cookbookContent('local', '1.0.0', 'only on the replica'),
  } satisfies Record<ObjectPath, ObjectContent>,
} as const;

/** A chef-zero answers 130 requests per second at best, and this machine may be busy. */
const CHAPTER_LIMIT_MS = 180_000;

/** A request for an object or a list of objects, as opposed to sandboxes, files and searches. */
const OBJECT_REQUEST = /^\/organizations\/[^/]+\/(roles|environments|data|cookbooks)/;

/** Writes several objects at a time, kind after kind: bags come before their items. */
async function putAll(
  editor: OrganizationEditor,
  objects: Iterable<readonly [ObjectPath, ObjectContent]>,
): Promise<void> {
  const stages = Map.groupBy(objects, ([path]) => `${path.split('/')[1]} ${path.split('/').length}`);
  for (const stage of stages.values()) {
    // The first write of a new cookbook must be alone, so cookbooks go one by one.
    const concurrency = stage[0]?.[0].startsWith('/cookbooks/') === true ? 1 : 8;
    await pMap(stage, ([path, content]) => editor.put(path, content), { concurrency });
  }
}

const typedEntries = (objects: Readonly<Record<ObjectPath, ObjectContent>>): [ObjectPath, ObjectContent][] =>
  Object.entries(objects).map(([path, content]) => [trustedRef(path).path, content]);

/**
 * The life of a pair between two servers: bootstrap, changes, deletes, hand edits on the replica, a restart in the middle of many
 * changes; afterwards both sides are compared object by object and file by file. The tests are the chapters and build on each other.
 */
export function describeReplication(name: string, fill: 'empty' | 'half-filled', options: StoryOptions): void {
  describe(`${name}, into ${fill === 'empty' ? 'an empty' : 'a half-filled'} replica`, {
    timeout: CHAPTER_LIMIT_MS,
  }, () => {
    let stage: StoryStage;
    const sample = sampleOrganization();
    const onlyThere = fill === 'half-filled' ? Object.keys(HALF_FILLED.onlyThere).sort() : [];

    beforeAll(async () => {
      const servers = await options.start();
      const primary = editOrganization(servers.primary);
      const replica = editOrganization(servers.replica);
      stage = { servers, primary, replica, world: createPairWorld(servers.world) };
      await putAll(primary, sample);
      if (fill === 'half-filled') {
        await putAll(
          replica,
          [...sample].filter(([path]) => HALF_FILLED.equal(path)),
        );
        await putAll(replica, typedEntries({ ...HALF_FILLED.different, ...HALF_FILLED.onlyThere }));
      }
      servers.fakes?.replica.requests.clear();
    });
    afterAll(async () => {
      await stage.world[Symbol.asyncDispose]();
      await Promise.all([stage.primary.close(), stage.replica.close()]);
      await stage.servers.stop();
    });

    const beginTrouble = (): void => options.trouble?.begin(stage.servers);
    const endTrouble = (): void => options.trouble?.end(stage.servers);

    /** Names of the replica's roles, or none while it cannot answer. */
    const rolesOnReplica = async (): Promise<readonly string[]> =>
      await stage.replica.org.names('/roles').catch(() => []);

    /** Writes of objects that the replica accepted since it was filled; only a fake can tell. */
    const acceptedWrites = (method: RegExp): readonly LoggedRequest[] =>
      (stage.servers.fakes?.replica.requests.entries ?? []).filter(
        (request) => method.test(request.method) && request.status < 300 && OBJECT_REQUEST.test(request.path),
      );

    /** Both sides as they really are, past everything that the ledger believes. */
    async function expectEqualSides(): Promise<void> {
      const { primary, replica, world } = stage;
      await world.untilInSync();
      endTrouble();
      const signs = Map.groupBy(await comparePair(world.pair().ctx), ({ sign }) => sign);
      const unequal = [...signs].filter(([sign]) => sign !== '=' && sign !== '-').flatMap(([, found]) => found);
      expect(unequal).toEqual([]);
      const replicaOnly = await replica.paths().then(async (paths) => {
        const known = new Set(await primary.paths());
        return paths.filter((path) => !known.has(path));
      });
      expect(replicaOnly).toEqual(onlyThere);
      const [wanted, found] = await Promise.all([primary.servedFiles(), replica.servedFiles()]);
      expect(new Map([...found].filter(([file]) => !file.startsWith('local/')))).toEqual(wanted);
    }

    test('everything arrives, though the program is restarted in between', async () => {
      const { replica, world } = stage;
      beginTrouble();
      world.start();
      // Roles go behind all content: content is complete and definitions are under way, or were there before.
      await world.until('the first new role is on the replica', async () =>
        (await rolesOnReplica()).includes('role12'),
      );
      await world.stop();
      world.start();
      await expectEqualSides();
      expect((await replica.paths()).length).toBe((await stage.primary.paths()).length + onlyThere.length);
      if (stage.servers.fakes === undefined) return;
      const wasEqual = (path: ObjectPath): boolean =>
        fill === 'half-filled' && (HALF_FILLED.equal(path) || path === '/data/hosts');
      // Each object that was missing or different was written once, and nothing else.
      expect(acceptedWrites(/^(PUT|POST)$/).length).toBe([...sample.keys()].filter((path) => !wasEqual(path)).length);
    });

    if (options.chapters === 'bootstrap') return;

    test('changes of every kind arrive', async () => {
      const { primary } = stage;
      const note = 'changed';
      await putAll(
        primary,
        typedEntries({
          '/roles/role1': roleText('role1', note),
          '/roles/new': roleText('new', note),
          '/environments/env1': environmentText('env1', note),
          '/environments/new': environmentText('new', note),
          '/data/apps/item1': itemText('item1', note),
          '/data/apps/new': itemText('new', note),
          '/data/new': '{"name":"new"}',
          '/data/new/first': itemText('first', note),
          '/cookbooks/base/1.3.0': cookbookContent('base', '1.3.0', note),
          '/cookbooks/base/2.0.0': cookbookContent('base', '2.0.0', note, true),
          '/cookbooks/new/1.0.0': cookbookContent('new', '1.0.0', note),
        }),
      );
      beginTrouble();
      await expectEqualSides();
    });

    test('deletes arrive, and take nothing else along', async () => {
      const { primary, replica } = stage;
      const deleted: readonly ObjectPath[] = [
        '/roles/role2',
        '/environments/env2',
        '/data/apps/item2',
        ...[1, 2, 3, 4, 5, 6, 7, 8].map((n): ObjectPath => `/data/users/item${n}`),
        '/data/users',
        '/cookbooks/base/1.1.0',
        '/cookbooks/sudo/1.1.0',
        '/cookbooks/sudo/1.2.0',
        '/cookbooks/sudo/1.3.0',
      ];
      for (const path of deleted) await primary.remove(path);
      await expectEqualSides();
      expect((await replica.paths()).filter((path) => deleted.includes(path))).toEqual([]);
      const removed = acceptedWrites(/^DELETE$/).map(({ path }) => path.replace(/^\/organizations\/[^/]+/, ''));
      if (stage.servers.fakes !== undefined) expect(removed.toSorted()).toEqual(deleted.toSorted());
    });

    test('what somebody changes on the replica by hand is repaired', async () => {
      const { replica } = stage;
      await putAll(
        replica,
        typedEntries({
          '/roles/role3': roleText('role3', 'meddled with'),
          '/environments/env3': environmentText('env3', 'meddled with'),
          '/data/apps/item3': itemText('item3', 'meddled with'),
          '/cookbooks/base/1.2.0': cookbookContent('base', '1.2.0', 'meddled with'),
        }),
      );
      for (const path of [
        '/roles/role4',
        '/environments/env4',
        '/data/apps/item4',
        '/cookbooks/nginx/1.3.0',
      ] as const) {
        await replica.remove(path);
      }
      // With its items, at once: what is found changed again after it was repaired is left to its other writer.
      await replica.remove('/data/certificates');
      beginTrouble();
      await expectEqualSides();
    });

    test('a restart in the middle of many changes loses none', async () => {
      const { primary, world } = stage;
      const roles = Array.from({ length: 40 }, (_, index): [ObjectPath, ObjectContent] => [
        `/roles/many${index}`,
        roleText(`many${index}`, 'one of many'),
      ]);
      await world.stop();
      await putAll(primary, roles);
      beginTrouble();
      world.start();
      await world.until('the first of them is on the replica', async () =>
        (await rolesOnReplica()).some((role) => role.startsWith('many')),
      );
      await world.stop();
      endTrouble();
      await putAll(
        primary,
        roles.slice(0, 10).map(([path]) => [path, roleText(path.slice('/roles/'.length), 'changed meanwhile')]),
      );
      world.start();
      await expectEqualSides();
    });
  });
}
