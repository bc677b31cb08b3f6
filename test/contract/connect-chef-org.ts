import { createChefOrg } from '../../lib/chef/chef-org.ts';
import { type ChefServer, type ChefServerSettings, createChefServer } from '../../lib/chef/chef-server.ts';
import { createRequestLimiters } from '../../lib/chef/request-limiter.ts';
import { readSigningKey, type SigningProtocol } from '../../lib/chef/sign-request.ts';
import type { Side } from '../../lib/model/side.ts';
import type { ChefOrg } from '../../lib/ports/chef-org.ts';
import type { Clock } from '../../lib/ports/clock.ts';

/** Real time, without the pauses between tries: a server that is there answers the next one. */
export const hastyClock: Clock = { now: Date.now, random: () => 0.5, sleep: () => Promise.resolve() };

export interface Connection {
  readonly org: ChefOrg;
  readonly server: ChefServer;
  close(): Promise<void>;
}

/** The organization of a test server, over HTTP and never through a proxy. */
export function connectChefOrg(
  to: {
    readonly url: string;
    readonly user: string;
    readonly keyPem: string;
    readonly organization: string | null;
    readonly side?: Side;
    readonly protocol?: SigningProtocol;
  },
  settings: Partial<ChefServerSettings> = {},
): Connection {
  const clock = settings.clock ?? hastyClock;
  const server = createChefServer({
    url: to.url,
    key: readSigningKey(to.user, to.keyPem, to.protocol),
    limiters: createRequestLimiters(clock),
    clock,
    environment: {},
    ...settings,
  });
  const org = createChefOrg({ server, organization: to.organization, side: to.side ?? 'replica' });
  return { org, server, close: () => server.close() };
}
