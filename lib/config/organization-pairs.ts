import { resolve } from 'node:path';
import type { ConfigPath, ConfigProblem } from './config-problem.ts';
import { contradictions } from './contradictions.ts';
import { didYouMean } from './nearest-word.ts';
import type {
  KeyPlace,
  LocatedPair,
  LocatedServer,
  OrganizationPair,
  PairSettings,
  ServerSettings,
} from './organization-pair.ts';
import type { Defaults, OrganizationEntry } from './pair-schema.ts';
import { quote } from './quote.ts';
import type { ReadableConfig } from './schema.ts';
import type { Server } from './server-schema.ts';

/** The pairs of a configuration, and what contradicts itself in it; the pairs are sound if there is no problem. */
export interface ResolvedPairs {
  readonly pairs: readonly OrganizationPair[];
  /** The primary and every replica, also those that no pair uses. */
  readonly servers: readonly LocatedServer[];
  readonly problems: readonly ConfigProblem[];
}

interface ResolvedServer extends LocatedServer {
  readonly hasOrganizations: boolean;
}

/**
 * Resolves every entry of `organizations:` into its pairs, in the order of the file. Parts that the schema refused are
 * passed over: they have been reported. Reads no file; paths become absolute from `folder`, that of the configuration.
 */
export function organizationPairs(config: ReadableConfig, folder: string): ResolvedPairs {
  const { defaults } = config;
  const resolveServer = (path: ConfigPath, server: Server | undefined): ResolvedServer | undefined =>
    server && {
      path,
      settings: serverSettings(server, defaults, folder),
      hasOrganizations: server.organization !== 'none',
    };
  const primary = resolveServer(['primary'], config.primary);
  const replicas = new Map(
    Object.entries(config.replicas).map(([name, server]) => [name, resolveServer(['replicas', name], server)]),
  );
  const problems: ConfigProblem[] = [];
  const located: LocatedPair[] = [];
  for (const [index, entry] of config.organizations.entries()) {
    if (entry === undefined) continue;
    const path = ['organizations', index];
    if (primary !== undefined) problems.push(...sourceProblems(entry, primary, path));
    for (const replicaName of entry.replica === 'all' ? replicas.keys() : [entry.replica].flat()) {
      if (!replicas.has(replicaName)) {
        const hint = didYouMean(replicaName, [...replicas.keys()]) || '; add it to `replicas:`';
        problems.push({ path: [...path, 'replica'], sentence: `there is no replica ${quote(replicaName)}${hint}` });
      }
      const replica = replicas.get(replicaName);
      if (primary === undefined || replica === undefined) continue;
      problems.push(...destinationProblems(entry, primary, replica, replicaName, path));
      const source = primary.hasOrganizations ? (entry.source ?? null) : null;
      const destination = replica.hasOrganizations ? (entry.destination ?? source) : null;
      const pair: OrganizationPair = {
        name: `${replicaName}/${destination ?? 'none'}`,
        replicaName,
        source,
        destination,
        primary: primary.settings,
        replica: replica.settings,
        settings: pairSettings(entry, defaults),
      };
      located.push({ path, pair });
    }
  }
  return {
    pairs: located.map(({ pair }) => pair),
    servers: [primary, ...replicas.values()].filter((server) => server !== undefined),
    problems: [...problems, ...contradictions(located)],
  };
}

function serverSettings(server: Server, defaults: Defaults, folder: string): ServerSettings {
  const { origin, pathname } = new URL(server.url);
  return {
    url: `${origin}${pathname.replace(/\/+$/, '')}`,
    user: server.user,
    key: keyPlace(server.key, folder),
    ...(server.tls.ca !== undefined && { ca: resolve(folder, server.tls.ca) }),
    skipsTlsVerification: !server.tls.verify,
    signingVersion: server.signingVersion,
    requestsInFlight: server.requestsInFlight ?? defaults.requestsInFlight,
  };
}

/** The schema allows one of the two. */
function keyPlace({ file = '', secret }: Server['key'], folder: string): KeyPlace {
  return secret === undefined ? { file: resolve(folder, file) } : { secret };
}

function pairSettings(entry: OrganizationEntry, defaults: Defaults): PairSettings {
  return {
    pollSeconds: entry.pollSeconds ?? defaults.pollSeconds,
    source: defaults.source,
    bootstrap: entry.bootstrap ?? defaults.bootstrap,
    drift: entry.drift ?? defaults.drift,
    objects: entry.objects ?? defaults.objects,
    include: entry.include,
    exclude: entry.exclude,
    inventoryShare: entry.inventoryShare ?? defaults.inventoryShare,
  };
}

function sourceProblems(entry: OrganizationEntry, primary: ResolvedServer, path: ConfigPath): readonly ConfigProblem[] {
  if (primary.hasOrganizations && entry.source === undefined) {
    return [{ path, sentence: 'organizations.source is missing; name the organization of the primary' }];
  }
  if (!primary.hasOrganizations && entry.source !== undefined) {
    const sentence = 'the primary has `organization: none`, so there is no source to name; remove `source`';
    return [{ path: [...path, 'source'], sentence }];
  }
  return [];
}

function destinationProblems(
  entry: OrganizationEntry,
  primary: ResolvedServer,
  replica: ResolvedServer,
  replicaName: string,
  path: ConfigPath,
): readonly ConfigProblem[] {
  if (!replica.hasOrganizations && entry.destination !== undefined) {
    const sentence = `the replica ${quote(replicaName)} has \`organization: none\`, so there is no destination to name; remove \`destination\``;
    return [{ path: [...path, 'destination'], sentence }];
  }
  if (replica.hasOrganizations && !primary.hasOrganizations && entry.destination === undefined) {
    const sentence = `organizations.destination is missing; name the organization of the replica ${quote(replicaName)}, as the primary has none to take the name from`;
    return [{ path, sentence }];
  }
  return [];
}
