import { didYouMean } from './nearest-word.ts';
import type { OrganizationPair, ServerSettings } from './organization-pair.ts';
import { quote } from './quote.ts';
import { PairSelectionError } from './select-pairs.ts';

/** An organization of one server of the configuration. */
export interface ConfiguredOrganization {
  /** `primary`, or the name of the replica. */
  readonly serverName: string;
  readonly side: 'primary' | 'replica';
  readonly server: ServerSettings;
  /** Null on a server without organizations. */
  readonly organization: string | null;
}

/**
 * Names of the other servers whose key is in the same place. Users of one server may share a key; of several they may too, but then it
 * cannot be replaced on one of them alone.
 */
export function serversOfSameKey(
  pairs: readonly OrganizationPair[],
  { server }: ConfiguredOrganization,
): readonly string[] {
  const others = configuredOrganizations(pairs).filter(
    (one) => isSameKey(one.server, server) && (one.server.url !== server.url || one.server.user !== server.user),
  );
  return [...new Set(others.map(({ serverName }) => serverName))];
}

const isSameKey = ({ key: one }: ServerSettings, { key: other }: ServerSettings): boolean =>
  'file' in one ? 'file' in other && one.file === other.file : 'secret' in other && one.secret === other.secret;

/**
 * The organization that an operator means by its name (`none` on a server without) and, where several servers have one of that name, by
 * the server (`primary`, or a replica's name). Throws a PairSelectionError with those that may be meant.
 */
export function selectOrganization(
  pairs: readonly OrganizationPair[],
  organization: string,
  serverName?: string,
): ConfiguredOrganization {
  const all = configuredOrganizations(pairs);
  const servers = [...new Set(all.map((one) => one.serverName))];
  if (serverName !== undefined && !servers.includes(serverName)) {
    const hint = didYouMean(serverName, servers) || `; the servers are ${servers.join(', ')}`;
    throw new PairSelectionError(
      'PAIR_UNKNOWN',
      `there is no server ${quote(serverName)} in the configuration${hint}`,
      servers,
    );
  }
  const onServer = all.filter((one) => serverName === undefined || one.serverName === serverName);
  const meant = onServer.filter((one) => wordOf(one) === organization);
  const [found, ...others] = meant;
  if (found === undefined) {
    const words = [...new Set(onServer.map(wordOf))];
    const where = serverName === undefined ? 'the configuration' : `the configuration of ${serverName}`;
    const hint = didYouMean(organization, words) || `; there ${words.length === 1 ? 'is' : 'are'} ${words.join(', ')}`;
    throw new PairSelectionError(
      'PAIR_UNKNOWN',
      `there is no organization ${quote(organization)} in ${where}${hint}`,
      words,
    );
  }
  if (others.length > 0) {
    const candidates = meant.map((one) => one.serverName);
    const message = `the organization ${quote(organization)} is on ${candidates.join(' and on ')}; name one of them with --on`;
    throw new PairSelectionError('PAIR_AMBIGUOUS', message, candidates);
  }
  return found;
}

/** Each organization of each server once, the primary's first. */
function configuredOrganizations(pairs: readonly OrganizationPair[]): readonly ConfiguredOrganization[] {
  const found = new Map<string, ConfiguredOrganization>();
  const add = (one: ConfiguredOrganization): void => {
    const id = `${one.side}/${one.serverName}/${wordOf(one)}`;
    if (!found.has(id)) found.set(id, one);
  };
  for (const { primary, source } of pairs) {
    add({ serverName: 'primary', side: 'primary', server: primary, organization: source });
  }
  for (const { replica, replicaName, destination } of pairs) {
    add({ serverName: replicaName, side: 'replica', server: replica, organization: destination });
  }
  return [...found.values()];
}

const wordOf = ({ organization }: ConfiguredOrganization): string => organization ?? 'none';
