import { createChefOrg } from '../chef/chef-org.ts';
import type { OrganizationPair } from '../config/organization-pairs.ts';
import type { ObjectLine } from '../model/job.ts';
import { comparePair } from '../sync/inspect-pair.ts';
import { openChefServers } from './chef-servers.ts';
import { pairRules } from './pair-rules.ts';
import { systemClock } from './system-clock.ts';

/** Compares the two sides of pairs. */
export interface OrganizationComparer {
  /** As `comparePair`. */
  compare(pair: OrganizationPair, onCompared: (count: number) => void): Promise<readonly ObjectLine[]>;
  close(): Promise<void>;
}

/** Makes ready to compare these pairs: reads their keys, asks no server yet and needs no state file. A daemon may be at work on them. */
export function openComparer(pairs: readonly OrganizationPair[]): OrganizationComparer {
  const servers = openChefServers(pairs, systemClock);
  return {
    compare: (pair, onCompared) =>
      comparePair(
        {
          rules: pairRules(pair.settings),
          primary: createChefOrg({ server: servers.of(pair.primary), organization: pair.source, side: 'primary' }),
          replica: createChefOrg({ server: servers.of(pair.replica), organization: pair.destination, side: 'replica' }),
        },
        onCompared,
      ),
    close: () => servers.close(),
  };
}
