import { isDeepStrictEqual } from 'node:util';
import { createChefOrg } from '../chef/chef-org.ts';
import type { ChefServer } from '../chef/chef-server.ts';
import type { OrganizationPair } from '../config/organization-pair.ts';
import { createSqliteLedger } from '../local/sqlite-ledger.ts';
import { createSqlitePairState } from '../local/sqlite-pair-state.ts';
import type { StateFile } from '../local/sqlite-state-file.ts';
import type { ObjectLine } from '../model/job.ts';
import type { Side } from '../model/side.ts';
import { pairKey } from '../plan/fingerprint.ts';
import type { Clock } from '../ports/clock.ts';
import type { WorkQueue } from '../ports/work-queue.ts';
import { comparePair } from '../sync/inspect-pair.ts';
import type { Log, PairContext } from '../sync/pair-context.ts';
import { type PairStatus, pairStatus } from '../sync/pair-status.ts';
import { type UnsyncedObject, unsyncedObjects } from '../sync/unsynced-objects.ts';
import type { ChefServers } from './chef-servers.ts';
import type { KnownDestinations } from './known-destinations.ts';
import { pairRules } from './pair-rules.ts';

/** A pair of the running configuration. */
export interface LocalPair {
  readonly pair: OrganizationPair;
  readonly ctx: PairContext;
  status(): Promise<PairStatus>;
  unsynced(): Promise<readonly UnsyncedObject[]>;
  /** Reads and compares both sides completely; changes nothing. */
  compare(): Promise<readonly ObjectLine[]>;
}

/** A pair with the clients of its servers, which tell whether a configuration changes them. */
export interface RunningPair extends LocalPair {
  readonly servers: Readonly<Record<Side, ChefServer>>;
}

/** What all pairs of a process share. */
export interface SharedParts {
  readonly clock: Clock;
  readonly file: StateFile;
  /** What the keys of fingerprints are derived from. */
  readonly secret: Uint8Array;
  readonly servers: ChefServers;
  readonly queueOf: (replicaUrl: string) => WorkQueue;
  readonly destinations: KnownDestinations;
  readonly logOf: (pair: string) => Log;
  /** Makes the inventories begin anew with each poll instead of at their pace. */
  readonly isUnpaced?: boolean | undefined;
}

const serversOf = ({ primary, replica }: OrganizationPair, servers: ChefServers): RunningPair['servers'] => ({
  primary: servers.of(primary),
  replica: servers.of(replica),
});

/** A pair with everything it needs. Asks no server, and writes nothing. */
export function openLocalPair(pair: OrganizationPair, shared: SharedParts): RunningPair {
  const { clock, file, destinations } = shared;
  const { name } = pair;
  const rules = pairRules(pair.settings);
  const servers = serversOf(pair, shared.servers);
  const ctx: PairContext = {
    pair: name,
    rules: shared.isUnpaced === true ? { ...rules, inventoryShare: Number.POSITIVE_INFINITY } : rules,
    fingerprintKey: pairKey(shared.secret, name),
    ledger: createSqliteLedger(file, name),
    state: createSqlitePairState(file, name),
    queue: shared.queueOf(pair.replica.url),
    clock,
    primary: createChefOrg({ server: servers.primary, organization: pair.source, side: 'primary' }),
    replica: createChefOrg({ server: servers.replica, organization: pair.destination, side: 'replica' }),
    log: shared.logOf(name),
    destinationsOfOtherPairs: async () => destinations.ofOthers(name),
  };
  const { ledger, state } = ctx;
  const { pollSeconds, filterHash } = rules;
  return {
    pair,
    ctx,
    servers,
    status: () => pairStatus({ pair: name, ledger, state, now: clock.now(), pollSeconds, filterHash }),
    unsynced: () => unsyncedObjects(ledger),
    compare: () => comparePair(ctx),
  };
}

/** Whether the pair runs as it is configured now, with the clients that its servers have now. */
export function isAsConfigured(known: RunningPair, pair: OrganizationPair, servers: ChefServers): boolean {
  const { primary, replica } = serversOf(pair, servers);
  return isDeepStrictEqual(known.pair, pair) && known.servers.primary === primary && known.servers.replica === replica;
}
