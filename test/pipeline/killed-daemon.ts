import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { OrganizationHandle } from '../../lib/local/sandbox-chef-server/organization-handle.ts';
import { seededRandom } from '../../lib/local/sandbox-chef-server/seeded-random.ts';
import { type ObjectPath, parseObjectPath } from '../../lib/model/object-path.ts';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { createPairWorld } from './pair-world.ts';
import { cookbookContent, environmentText, itemText, roleText } from './sample-organization.ts';

const CTL = fileURLToPath(new URL('../../lib/cli/chef-sync-ctl.ts', import.meta.url));

/** Requests that both servers answer between a start of the daemon and its death, at most; a whole bootstrap has some 6,000. */
const MOST_REQUESTS_IN_A_LIFE = 300;
/** A request is often followed by a write to the ledger within this; death comes somewhere in it. */
const LONGEST_LAST_BREATH_MS = 20;
/** A daemon that asks nothing for so long does not work any more. */
const LONGEST_SILENCE_MS = 60_000;

/** What came of a bootstrap whose daemon was killed again and again. */
export interface KilledBootstrap {
  readonly kills: number;
  /** Deaths before the last object was on the replica. */
  readonly killsDuringBootstrap: number;
  readonly objects: number;
  /** Writes of objects that the replica accepted, by how often: `{1: 1000}` is none too many. */
  readonly writesPerObject: Readonly<Record<number, number>>;
  /** Writes that arrived for an object after the ledger had it settled. */
  readonly writesAfterSettled: number;
  /** Writes of one more complete pass over both sides. */
  readonly writesOfAnotherPass: number;
  /** Exit code of `run --once` at the end; 0 is "every pair is in sync". */
  readonly exitCode: number | null;
  readonly areSidesEqual: boolean;
}

/**
 * Bootstraps 1,000 objects (cookbook versions with files, bags, items, roles, environments) between two fakes with `chef-sync-ctl run`,
 * killed with SIGKILL at moments that the seed chooses and started again; then lets it come to an end and looks at both sides.
 */
export async function bootstrapUnderKills(options: {
  readonly kills: number;
  readonly seed: number;
  readonly onKill?: (kill: number, objectsOnReplica: number) => void;
}): Promise<KilledBootstrap> {
  const random = seededRandom(options.seed);
  await using primary = await startFakeChefServer();
  await using replica = await startFakeChefServer();
  const objects = fill(primary.organization('acme'));
  const copy = replica.organization('acme');
  await using world = createPairWorld({
    primary,
    replicas: { eu: replica },
    organizations: [{ source: 'acme', replica: 'eu' }],
    defaults: { pollSeconds: 10 },
  });
  const run = (...flags: readonly string[]): ChildProcess =>
    spawn(process.execPath, [CTL, 'run', '--quiet', '--config', world.configFile, ...flags], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const requests = (): number => primary.requests.entries.length + replica.requests.entries.length;

  let killsDuringBootstrap = 0;
  for (let kill = 1; kill <= options.kills; kill += 1) {
    const daemon = run();
    await requestsAnswered(requests, requests() + 1 + Math.floor(random() * MOST_REQUESTS_IN_A_LIFE), daemon);
    await wait(random() * LONGEST_LAST_BREATH_MS);
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    const arrived = pathsOf(copy).length;
    if (arrived < objects) killsDuringBootstrap += 1;
    options.onKill?.(kill, arrived);
  }

  const exitCode = await exitCodeOf(run('--once'));
  const writes = acceptedWrites(replica);
  const { ledger } = world.pair().ctx;
  let writesAfterSettled = 0;
  for (const { path, at } of writes) {
    const settledAt = path === undefined ? undefined : (await ledger.read(path))?.settledAt;
    if (settledAt !== undefined && at > settledAt) writesAfterSettled += 1;
  }
  await world.stop();
  await exitCodeOf(run('--once'));
  return {
    kills: options.kills,
    killsDuringBootstrap,
    objects,
    writesPerObject: histogram(writes, pathsOf(copy)),
    writesAfterSettled,
    writesOfAnotherPass: acceptedWrites(replica).length - writes.length,
    exitCode,
    areSidesEqual: isEqual(primary.organization('acme'), copy),
  };
}

/** 150 cookbook versions, 20 bags with 580 items, 200 roles, 50 environments. Answers how many objects that is. */
function fill(organization: OrganizationHandle): number {
  for (let n = 0; n < 150; n += 1) {
    const [name, version] = [`cookbook${n % 30}`, `1.${Math.floor(n / 30)}.0`];
    organization.putCookbook(name, version, cookbookContent(name, version, `${name} ${version}`));
  }
  for (let n = 0; n < 580; n += 1) organization.putItem(`bag${n % 20}`, `item${n}`, itemText(`item${n}`, `item ${n}`));
  for (let n = 0; n < 200; n += 1) organization.putRole(`role${n}`, roleText(`role${n}`, `role ${n}`));
  for (let n = 0; n < 50; n += 1)
    organization.putEnvironment(`env${n}`, environmentText(`env${n}`, `environment ${n}`));
  return pathsOf(organization).length;
}

function pathsOf(organization: OrganizationHandle): readonly ObjectPath[] {
  const { cookbooks, dataBags, roles, environments } = organization.dump();
  return [
    ...[...cookbooks.keys()].map((name): ObjectPath => `/cookbooks/${name}`),
    ...[...dataBags].flatMap(([bag, items]): ObjectPath[] => [
      `/data/${bag}`,
      ...[...items.keys()].map((id): ObjectPath => `/data/${bag}/${id}`),
    ]),
    ...[...roles.keys()].map((name): ObjectPath => `/roles/${name}`),
    ...[...environments.keys()]
      .filter((name) => name !== '_default')
      .map((name): ObjectPath => `/environments/${name}`),
  ];
}

async function requestsAnswered(requests: () => number, enough: number, daemon: ChildProcess): Promise<void> {
  let [seen, since] = [requests(), Date.now()];
  while (requests() < enough) {
    if (daemon.exitCode !== null) throw new Error(`the daemon ended by itself with exit code ${daemon.exitCode}`);
    if (Date.now() - since > LONGEST_SILENCE_MS) throw new Error('the daemon asks the servers nothing any more');
    if (requests() > seen) [seen, since] = [requests(), Date.now()];
    await wait(1);
  }
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  await once(child, 'exit');
  return child.exitCode;
}

interface AcceptedWrite {
  /** Undefined for a creation: the request names only the list. A server creates an object once. */
  readonly path?: ObjectPath;
  readonly at: number;
}

function acceptedWrites(server: FakeChefServer): readonly AcceptedWrite[] {
  return server.requests.entries.flatMap(({ method, path, status, at }): AcceptedWrite[] => {
    if (status >= 300 || !/^\/organizations\/acme\/(cookbooks|data|roles|environments)/.test(path)) return [];
    if (method === 'POST') return [{ at }];
    if (method !== 'PUT') return [];
    const ref = parseObjectPath(path.replace(/\?.*/, ''));
    return 'unknown' in ref ? [] : [{ path: ref.path, at }];
  });
}

/** How many objects were written how often. Every object that is not a cookbook version was created once, whatever came after. */
function histogram(writes: readonly AcceptedWrite[], paths: readonly ObjectPath[]): Readonly<Record<number, number>> {
  const times = new Map(paths.map((path) => [path, path.startsWith('/cookbooks/') ? 0 : 1]));
  for (const { path } of writes) if (path !== undefined) times.set(path, (times.get(path) ?? 0) + 1);
  const counts: Record<number, number> = {};
  for (const count of times.values()) counts[count] = (counts[count] ?? 0) + 1;
  return counts;
}

function isEqual(left: OrganizationHandle, right: OrganizationHandle): boolean {
  const text = (organization: OrganizationHandle): string =>
    JSON.stringify(organization.dump(), (_key, value: unknown) =>
      value instanceof Map ? [...value].toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)) : value,
    );
  return text(left) === text(right);
}
