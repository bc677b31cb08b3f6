import type { ConfigProblem } from './config-problem.ts';
import type { LocatedPair, OrganizationPair } from './organization-pair.ts';
import { quote } from './quote.ts';

/** An organization as the world sees it: under whatever name the configuration lists its server. */
type OrganizationId = string;

/**
 * What pairs must not do to each other: write to one organization twice, copy an organization onto itself, or form a
 * chain, in which a replica would be the source of another pair. By address only; polls compare the guids as well.
 */
export function contradictions(located: readonly LocatedPair[]): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const sources = new Set(located.map(({ pair }) => sourceId(pair)));
  const writers = new Map<OrganizationId, OrganizationPair>();
  for (const { pair, path } of located) {
    const refuse = (sentence: string) => problems.push({ path, sentence });
    const destination = destinationId(pair);
    const earlier = writers.get(destination);
    if (earlier !== undefined) {
      const where =
        earlier.replicaName === pair.replicaName
          ? `${quote(earlier.name)} of an earlier entry`
          : `${quote(earlier.name)}, because both replicas are the same server`;
      refuse(
        `the pair ${quote(pair.name)} has the same destination as ${where}; remove one or name another destination`,
      );
    }
    writers.set(destination, earlier ?? pair);
    if (pair.primary.url === pair.replica.url && (pair.source === null) !== (pair.destination === null)) {
      refuse(
        `the pair ${quote(pair.name)} uses one server with and without organizations; give \`organization: none\` to both sides or to neither`,
      );
    } else if (destination === sourceId(pair)) {
      refuse(
        `the pair ${quote(pair.name)} would copy an organization onto itself, as replica and primary are the same server; name another destination or correct the url`,
      );
    } else if (sources.has(destination)) {
      refuse(
        `the destination of the pair ${quote(pair.name)} is the source of another pair, and a replica must not be replicated further; name another destination`,
      );
    }
  }
  return problems;
}

function sourceId(pair: OrganizationPair): OrganizationId {
  return `${pair.primary.url} ${pair.source}`;
}

function destinationId(pair: OrganizationPair): OrganizationId {
  return `${pair.replica.url} ${pair.destination}`;
}
