import { readFileSync } from 'node:fs';
import { type ChefServer, createChefServer } from '../chef/chef-server.ts';
import { createRequestLimiters } from '../chef/request-limiter.ts';
import { readSigningKey } from '../chef/sign-request.ts';
import type { OrganizationPair, ServerSettings } from '../config/organization-pairs.ts';
import type { Clock } from '../ports/clock.ts';

/** The Chef servers of a configuration, each made once. */
export interface ChefServers {
  of(settings: ServerSettings): ChefServer;
  close(): Promise<void>;
}

/**
 * Makes a client per configured server, with its key. Servers at one origin share their bound on requests in flight, the smaller one
 * where their settings differ.
 */
export function openChefServers(pairs: readonly OrganizationPair[], clock: Clock): ChefServers {
  const configured = new Set(pairs.flatMap((pair) => [pair.primary, pair.replica]));
  const ceilings = new Map<string, number>();
  for (const { url, requestsInFlight } of configured) {
    const { origin } = new URL(url);
    ceilings.set(origin, Math.min(requestsInFlight, ceilings.get(origin) ?? requestsInFlight));
  }
  const limiters = createRequestLimiters(clock, ceilings);
  const servers = new Map<ServerSettings, ChefServer>();
  for (const settings of configured) {
    servers.set(
      settings,
      createChefServer({
        url: settings.url,
        key: readSigningKey(settings.user, readFileSync(keyFile(settings), 'utf8'), settings.signingVersion),
        ca: settings.ca === undefined ? undefined : readFileSync(settings.ca, 'utf8'),
        isCertificateUnchecked: settings.skipsTlsVerification,
        limiters,
        clock,
      }),
    );
  }
  return {
    of(settings) {
      const server = servers.get(settings);
      if (server === undefined) throw new Error(`no client was made for ${settings.url}`);
      return server;
    },
    async close() {
      await Promise.all([...servers.values()].map((server) => server.close()));
    },
  };
}

function keyFile({ url, key }: ServerSettings): string {
  if ('secret' in key) throw new Error(`the key of ${url} is in a secret, so this is no configuration for one machine`);
  return key.file;
}
