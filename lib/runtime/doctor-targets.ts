import { nearestWord } from '../config/nearest-word.ts';
import type { OrganizationPair } from '../config/organization-pair.ts';
import { PairSelectionError, selectPairs } from '../config/select-pairs.ts';
import type { DoctorTarget, JobRequest } from '../model/job.ts';
import type { ListPath } from '../model/object-path.ts';
import type { JobOrder } from './inspector.ts';
import { pairRules } from './pair-rules.ts';

/** As much of a pair as says what of its servers is to be examined; a pair of a stack has it too. */
export type ExaminedPair = Pick<OrganizationPair, 'name' | 'replicaName' | 'source' | 'destination' | 'settings'>;

/**
 * What is to be examined when an operator names servers (`primary`, a replica) or pairs, of which both sides are meant; nothing named means
 * everything. The primary comes first. Throws a `PairSelectionError` for a name that is neither.
 */
function doctorTargets(pairs: readonly ExaminedPair[], selectors: readonly string[]): readonly DoctorTarget[] {
  const servers = ['primary', ...new Set(pairs.map(({ replicaName }) => replicaName))];
  const chosen = new Map<string, Map<string | null, Set<ListPath>>>();
  const add = (server: string, organization: string | null, { settings }: ExaminedPair): void => {
    const organizations = chosen.get(server) ?? new Map<string | null, Set<ListPath>>();
    chosen.set(server, organizations);
    const lists = organizations.get(organization) ?? new Set<ListPath>();
    organizations.set(organization, lists);
    for (const list of pairRules(settings).lists) lists.add(list);
  };
  for (const selector of selectors.length === 0 ? servers : selectors) {
    const isServer = servers.includes(selector);
    for (const pair of isServer ? pairs : pairsNamed(pairs, servers, selector)) {
      if (!isServer || selector === 'primary') add('primary', pair.source, pair);
      if (!isServer || selector === pair.replicaName) add(pair.replicaName, pair.destination, pair);
    }
  }
  return servers.flatMap((server) => {
    const organizations = chosen.get(server);
    if (organizations === undefined) return [];
    return [{ server, organizations: [...organizations].map(([name, lists]) => ({ name, lists: [...lists] })) }];
  });
}

/** The request for what an operator calls by names. Throws as {@link doctorTargets}. */
export function doctorRequest(
  pairs: readonly ExaminedPair[],
  { names, ...order }: Extract<JobOrder, { readonly command: 'doctor' }>,
): JobRequest {
  return { ...order, targets: doctorTargets(pairs, names) };
}

function pairsNamed(
  pairs: readonly ExaminedPair[],
  servers: readonly string[],
  selector: string,
): readonly ExaminedPair[] {
  try {
    return selectPairs(pairs, selector);
  } catch (error) {
    if (!(error instanceof PairSelectionError) || error.code !== 'PAIR_UNKNOWN') throw error;
    const names = [...servers, ...pairs.map(({ name }) => name)];
    const nearest = nearestWord(selector, names);
    const hint = nearest === undefined ? `there are ${names.join(', ')}` : `did you mean ${nearest}?`;
    throw new PairSelectionError(
      'PAIR_UNKNOWN',
      `there is no server and no pair "${selector}"; ${hint}`,
      error.candidates,
    );
  }
}
