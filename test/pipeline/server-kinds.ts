import { sandboxKeyPair } from '../../lib/local/sandbox-chef-server/actor-key.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import { startChefZero } from '../support/chef-zero.ts';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { startGoiardi } from '../support/goiardi.ts';
import { leapingClock } from './leaping-clock.ts';
import type { OrganizationAccess } from './organization-editor.ts';
import type { PairWorldOptions, WorldServer } from './pair-world.ts';

/** A primary and a replica that are running and empty, and the configuration of the one pair between them. */
export interface ServerPair {
  readonly primary: OrganizationAccess;
  readonly replica: OrganizationAccess;
  readonly world: PairWorldOptions;
  /** The servers themselves where they are fakes, for their switches and request logs. */
  readonly fakes?: { readonly primary: FakeChefServer; readonly replica: FakeChefServer };
  stop(): Promise<void>;
}

/** Two fakes and the clock that they and the pair read. */
export interface FakePair extends ServerPair {
  readonly fakes: NonNullable<ServerPair['fakes']>;
  readonly clock: Clock;
}

/** Two goiardi on PostgreSQL: every signature is checked, there are no organizations, each has keys of its own. */
export async function startGoiardiPair(): Promise<ServerPair> {
  const [primary, replica] = await Promise.all([startGoiardi(), startGoiardi()]);
  const access = (server: typeof primary): OrganizationAccess => ({
    url: server.url,
    user: server.adminUser,
    keyPem: server.adminKeyPem,
    organization: null,
  });
  const sides = { primary: access(primary), replica: access(replica) };
  return {
    ...sides,
    world: {
      primary: { ...sides.primary, hasNoOrganizations: true },
      replicas: { eu: { ...sides.replica, hasNoOrganizations: true } },
      organizations: [{ replica: 'eu' }],
    },
    async stop() {
      await Promise.all([primary.stop(), replica.stop()]);
    },
  };
}

/** One chef-zero as both sides: an organization and another one under another name. */
export async function startChefZeroPair(): Promise<ServerPair> {
  const server = await startChefZero({ organizations: ['acme', 'acme-copy'] });
  // It checks no signatures: any key will do.
  const both: WorldServer = { url: server.url, user: 'sync', keyPem: sandboxKeyPair().privateKey };
  return {
    primary: { ...both, organization: 'acme' },
    replica: { ...both, organization: 'acme-copy' },
    world: {
      primary: both,
      replicas: { eu: both },
      organizations: [{ source: 'acme', destination: 'acme-copy', replica: 'eu' }],
    },
    stop: server.stop,
  };
}

/** Two fakes, the primary with or without the change feed, and a clock that leaps over every pause. */
export async function startFakePair({ feed }: { readonly feed: boolean }): Promise<FakePair> {
  const clock = leapingClock();
  const [primary, replica] = await Promise.all([
    startFakeChefServer({ feed, now: clock.now }),
    startFakeChefServer({ now: clock.now }),
  ]);
  return {
    primary: { ...primary, organization: 'acme', now: clock.now },
    replica: { ...replica, organization: 'acme', now: clock.now },
    world: {
      primary,
      replicas: { eu: replica },
      organizations: [{ source: 'acme', replica: 'eu' }],
      defaults: { pollSeconds: 10, source: feed ? 'feed' : 'inventory' },
      clock,
    },
    fakes: { primary, replica },
    clock,
    async stop() {
      await Promise.all([primary.stop(), replica.stop()]);
    },
  };
}
