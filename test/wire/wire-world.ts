import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import type { OrganizationDump } from '../../lib/local/sandbox-chef-server/organization-dump.ts';
import type { Side } from '../../lib/model/side.ts';
import { approveDeletes, retryObjects } from '../../lib/sync/control-pair.ts';
import { createPairWorld, type PairWorld } from '../pipeline/pair-world.ts';
import { environmentText, itemText, roleText } from '../pipeline/sample-organization.ts';
import { startFakePair } from '../pipeline/server-kinds.ts';
import type { FakeChefServer } from '../support/fake-chef-server.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** A pair of two fakes, each behind a line of its own, with the daemon at work. */
export interface WireWorld extends AsyncDisposable {
  readonly world: PairWorld;
  readonly servers: Readonly<Record<Side, FakeChefServer>>;
  readonly lines: Readonly<Record<Side, TcpProxy>>;
  /** Changes something of every kind on the primary, and deletes what the round before created for that. */
  edit(round: number): void;
  /** Waits until the pair says "in sync" after both sides were read anew; what was given up for good is tried again, as an operator does. */
  untilEqual(): Promise<void>;
  /** The replica has what the primary has and its own objects, and was never asked to delete anything else than the primary did. */
  expectEqualSides(): void;
  /** Every file that the replica holds has the bytes that its checksum names. */
  expectRightFiles(): void;
}

const ORGANIZATION = 'acme';

/** Starts both fakes with a feed and a small organization, and the daemon. */
export async function startWireWorld(): Promise<WireWorld> {
  const pair = await startFakePair({ feed: true });
  const servers = pair.fakes;
  const lines = {
    primary: await startTcpProxy(servers.primary.port),
    replica: await startTcpProxy(servers.replica.port),
  };
  const deleted = new Set<string>();
  const primary = servers.primary.organization(ORGANIZATION);
  const replica = servers.replica.organization(ORGANIZATION);
  for (const n of [1, 2, 3, 4, 5]) {
    primary.putRole(`role${n}`, roleText(`role${n}`, 'first'));
    primary.putEnvironment(`env${n}`, environmentText(`env${n}`, 'first'));
    primary.putItem('apps', `item${n}`, itemText(`item${n}`, 'first'));
    primary.putCookbook('base', `1.0.${n}`, { files: filesOf('base', `1.0.${n}`), frozen: n % 2 === 0 });
  }
  replica.putRole('local', roleText('local', 'only on the replica'));
  replica.putItem('local', 'one', itemText('one', 'only on the replica'));

  const world = createPairWorld({
    ...pair.world,
    primary: { ...servers.primary, url: lines.primary.url },
    replicas: { eu: { ...servers.replica, url: lines.replica.url } },
  });
  world.start();

  function edit(round: number): void {
    const note = `round ${round}`;
    const n = (round % 5) + 1;
    primary.putRole(`role${n}`, roleText(`role${n}`, note));
    primary.putEnvironment(`env${n}`, environmentText(`env${n}`, note));
    primary.putItem('apps', `item${n}`, itemText(`item${n}`, note));
    primary.putCookbook('base', '1.0.1', { files: filesOf('base', note) });
    primary.putCookbook('app', `1.${round}.0`, { files: filesOf('app', note), frozen: round % 2 === 0 });
    // One kind in turn: the guard would hold more deletes of a kind than 20 a day.
    const name = `gone${round}`;
    const [create, remove, path] = (
      [
        [() => primary.putRole(name, roleText(name, note)), () => primary.deleteRole(name), `/roles/${name}`],
        [
          () => primary.putItem('apps', name, itemText(name, note)),
          () => primary.deleteItem('apps', name),
          `/data/apps/${name}`,
        ],
        [
          () => primary.putEnvironment(name, environmentText(name, note)),
          () => primary.deleteEnvironment(name),
          `/environments/${name}`,
        ],
        [
          () => primary.putCookbook(name, '1.0.0', { files: filesOf(name, note) }),
          () => primary.deleteCookbook(name, '1.0.0'),
          `/cookbooks/${name}/1.0.0`,
        ],
      ] as const
    )[round % 4] ?? [() => {}, () => {}, '/'];
    removeLast();
    create();
    removeLast = () => {
      remove();
      deleted.add(path);
    };
  }
  let removeLast = (): void => {};

  async function untilEqual(): Promise<void> {
    const { ctx } = world.pair();
    const since = world.clock.now();
    await world.until('the pair is in sync', async ({ condition, readings, counts, plans }) => {
      if (counts.parked > 0) await retryObjects(ctx);
      if (counts.held > 0) await Promise.all(plans.map(({ id }) => approveDeletes(ctx, id)));
      const isRead = (at: number | undefined): boolean => at !== undefined && at >= since;
      return condition === 'in sync' && isRead(readings.primary.contentsAt) && isRead(readings.replica.contentsAt);
    });
  }

  function expectRightFiles(): void {
    for (const [checksum, bytes] of replica.dump().files) {
      expect(createHash('md5').update(bytes).digest('hex')).toBe(checksum);
    }
  }

  return {
    world,
    servers,
    lines,
    edit,
    untilEqual,
    expectRightFiles,
    expectEqualSides() {
      const wanted = primary.dump();
      const found = replica.dump();
      expect(withoutLocal(found)).toEqual(withoutLocal(wanted));
      expect([found.roles.has('local'), found.dataBags.get('local')?.has('one')]).toEqual([true, true]);
      expectRightFiles();
      const asked = servers.replica.requests.entries
        .filter(({ method }) => method === 'DELETE')
        .map(({ path }) => path.replace(`/organizations/${ORGANIZATION}`, ''));
      expect(asked.filter((path) => !deleted.has(path))).toEqual([]);
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await Promise.all([lines.primary, lines.replica].map((line) => line[Symbol.asyncDispose]()));
      await pair.stop();
    },
  };
}

/** Waits until `isOver`, or that long in vain. */
export async function waitAtMost(milliseconds: number, isOver: () => boolean): Promise<void> {
  const until = performance.now() + milliseconds;
  while (!isOver() && performance.now() < until) await wait(20);
}

const filesOf = (name: string, note: string): Readonly<Record<string, string>> => ({
  'metadata.rb': `name '${name}'\n`,
  LICENSE: 'Apache-2.0, shared by all cookbooks\n',
  'recipes/default.rb': `# ${note}\n`,
  'files/default/large': `${note}\n`.repeat(2_000),
});

/** An organization without the replica's own objects, and of files only which there are: their bytes are checked by their names. */
function withoutLocal(dump: OrganizationDump): Record<keyof OrganizationDump, unknown> {
  return {
    ...dump,
    files: new Set(dump.files.keys()),
    roles: new Map([...dump.roles].filter(([name]) => name !== 'local').toSorted()),
    dataBags: new Map([...dump.dataBags].filter(([bag]) => bag !== 'local')),
  };
}
