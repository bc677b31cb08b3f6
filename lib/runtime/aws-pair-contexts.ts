import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientSettings } from '../aws/client-settings.ts';
import { createDynamoDestinations, type Destinations } from '../aws/dynamo-destinations.ts';
import type { DynamoTable } from '../aws/dynamo-table.ts';
import { createSecrets } from '../aws/secrets.ts';
import { createChefOrg } from '../chef/chef-org.ts';
import type { SigningKey } from '../chef/sign-request.ts';
import type { PackedConfig, PackedPair, PackedServer } from '../config/packed-config.ts';
import { SyncError } from '../model/sync-error.ts';
import { pairKey } from '../plan/fingerprint.ts';
import type { Clock } from '../ports/clock.ts';
import type { WorkQueue } from '../ports/work-queue.ts';
import type { Log, PairContext, PairRecords } from '../sync/pair-context.ts';
import { pausePair } from '../sync/pause-pair.ts';
import { openAwsChefServers } from './aws-chef-servers.ts';
import { awsVariable, openTable, readPackedConfig } from './aws-environment.ts';
import { awsPairRecords } from './aws-pair-records.ts';
import { systemClock } from './system-clock.ts';

/** The log of one pair. */
export type LogOf = (pair: string) => Log;

/** A configured pair in a function that talks to Chef servers. */
export interface AwsPair {
  readonly packed: PackedPair;
  readonly records: PairRecords;
  /** Everything ready for a use case. Undefined: a key is missing or unusable, and the pair is paused for that reason now. */
  context(): Promise<PairContext | undefined>;
  /** The same for those who only look: throws the `SyncError` of a key that is missing or unusable, and pauses nothing. */
  open(): Promise<PairContext>;
}

/** What poller, copier and inspector share. */
export interface AwsPairContexts {
  readonly config: PackedConfig;
  readonly table: DynamoTable;
  readonly clock: Clock;
  readonly destinations: Destinations;
  /** Undefined: the pair is not configured. */
  pair(name: string): AwsPair | undefined;
  /** The key with which requests to that server are signed, as it is now. Throws a `SyncError` when it is missing or unusable. */
  key(server: PackedServer): Promise<SigningKey>;
  /** Logs how much was asked of each server since the last call. */
  logRequests(log: Log): void;
}

/** How a function uses the servers of a pair. */
export interface AwsShare {
  queueOf(pair: PackedPair): WorkQueue;
  /** Most requests in flight to each of its servers. */
  requestsInFlight(pair: PackedPair, server: number): number;
}

/** Reads the packed configuration and makes every client, once per execution environment; asks nothing yet. */
export function openAwsPairContexts(logOf: LogOf, shareOf: (config: PackedConfig) => AwsShare): AwsPairContexts {
  const clock = systemClock;
  const config = readPackedConfig();
  const table = openTable();
  const recordsOf = awsPairRecords(config, table, clock);
  const secrets = createSecrets(new SecretsManagerClient(clientSettings()), clock);
  const servers = openAwsChefServers(config, secrets, clock);
  const destinations = createDynamoDestinations(table);
  const share = shareOf(config);
  const fingerprintSecret = awsVariable('CHEF_SYNC_FINGERPRINT_SECRET');
  const contexts = new Map<string, PairContext>();

  const open = async (packed: PackedPair, records: PairRecords): Promise<PairContext> => {
    const orgOf = async (side: 'primary' | 'replica') =>
      createChefOrg({
        server: await servers.of(packed[side], side, share.requestsInFlight(packed, packed[side])),
        organization: side === 'primary' ? packed.source : packed.destination,
        side,
      });
    const [primary, replica, secret] = [
      await orgOf('primary'),
      await orgOf('replica'),
      await secrets.read(fingerprintSecret),
    ];
    return {
      ...records,
      primary,
      replica,
      fingerprintKey: pairKey(Buffer.from(secret), packed.name),
      queue: share.queueOf(packed),
      log: logOf(packed.name),
      async destinationsOfOtherPairs() {
        const configured = new Set(config.pairs.map(({ name }) => name));
        const others = [...(await destinations.all())].filter(([name]) => name !== packed.name && configured.has(name));
        return new Set(others.map(([, guid]) => guid));
      },
    };
  };

  return {
    config,
    table,
    clock,
    destinations,
    pair(name) {
      const packed = config.pairs.find((one) => one.name === name);
      const records = recordsOf(name);
      if (packed === undefined || records === undefined) return undefined;
      const opened = async (): Promise<PairContext> => {
        const ctx = contexts.get(name) ?? (await open(packed, records));
        contexts.set(name, ctx);
        return ctx;
      };
      return {
        packed,
        records,
        open: opened,
        async context() {
          try {
            return await opened();
          } catch (error) {
            if (!(error instanceof SyncError) || error.side === undefined) throw error;
            logOf(name)('warn', error.message, { code: error.code, side: error.side });
            await pausePair(records, error.side, error);
            return undefined;
          }
        },
      };
    },
    key: (server) => servers.key(server),
    logRequests(log) {
      for (const { server, requests, failures } of servers.takeCounts()) {
        log('info', 'requests to a Chef server', { server, requests, failures });
      }
    },
  };
}
