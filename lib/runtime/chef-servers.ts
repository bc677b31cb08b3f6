import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ChefServer, createChefServer } from '../chef/chef-server.ts';
import { createRequestLimiters } from '../chef/request-limiter.ts';
import { readSigningKey, type SigningKey } from '../chef/sign-request.ts';
import type { OrganizationPair, ServerSettings } from '../config/organization-pair.ts';
import type { Clock } from '../ports/clock.ts';

/** The Chef servers of a configuration, each made once. */
export interface ChefServers {
  of(settings: ServerSettings): ChefServer;
  /**
   * From now on these are the servers of other pairs. Every key is read anew; a client stays when its settings, key and certificates are
   * as they were. Throws before anything has changed when a key cannot be read.
   */
  change(pairs: readonly OrganizationPair[]): void;
  /** Closes the clients that no pair has any more. */
  closeUnused(): Promise<void>;
  close(): Promise<void>;
}

/** What a client is made from. */
interface ClientParts {
  readonly settings: ServerSettings;
  readonly key: SigningKey;
  readonly ca: string | undefined;
  /** Equal for two clients only if they would behave alike. */
  readonly identity: string;
}

/**
 * Makes a client per configured server, with its key. Servers at one origin share their bound on requests in flight, the smaller one
 * where their settings differ.
 */
export function openChefServers(pairs: readonly OrganizationPair[], clock: Clock): ChefServers {
  const limiters = createRequestLimiters(clock);
  const clients = new Map<string, ChefServer>();
  let identities = new Map<ServerSettings, string>();

  const change = (configured: readonly OrganizationPair[]): void => {
    const parts = [...new Set(configured.flatMap((pair) => [pair.primary, pair.replica]))].map(readParts);
    limiters.setCeilings(ceilingsOf(parts));
    for (const { settings, key, ca, identity } of parts) {
      if (clients.has(identity)) continue;
      const { url, skipsTlsVerification: isCertificateUnchecked } = settings;
      const renewKey = keyRenewal(settings, key);
      clients.set(identity, createChefServer({ url, key, renewKey, ca, isCertificateUnchecked, limiters, clock }));
    }
    identities = new Map(parts.map(({ settings, identity }) => [settings, identity]));
  };
  change(pairs);

  return {
    of(settings) {
      const server = clients.get(identities.get(settings) ?? '');
      if (server === undefined) throw new Error(`no client was made for ${settings.url}`);
      return server;
    },
    change,
    async closeUnused() {
      const used = new Set(identities.values());
      for (const [identity, server] of clients) {
        if (used.has(identity)) continue;
        clients.delete(identity);
        await server.close();
      }
    },
    async close() {
      await Promise.all([...clients.values()].map((server) => server.close()));
    },
  };
}

function readParts(settings: ServerSettings): ClientParts {
  const { url, user, skipsTlsVerification, signingVersion } = settings;
  const pem = readFileSync(keyFile(settings), 'utf8');
  const ca = settings.ca === undefined ? undefined : readFileSync(settings.ca, 'utf8');
  const identity = JSON.stringify([url, user, skipsTlsVerification, signingVersion, hashOf(pem), hashOf(ca ?? '')]);
  return { settings, key: readSigningKey(user, pem, signingVersion), ca, identity };
}

/** Reads the key file again when a server refuses the key: it may have been rotated while the daemon runs. */
function keyRenewal(settings: ServerSettings, key: SigningKey): () => Promise<SigningKey | undefined> {
  let known = key;
  return async () => {
    try {
      const read = readSigningKey(settings.user, readFileSync(keyFile(settings), 'utf8'), settings.signingVersion);
      if (read.privateKey.equals(known.privateKey)) return undefined;
      known = read;
      return read;
    } catch {
      // The server's refusal is then told, and it comes first: without it nobody would have looked.
      return undefined;
    }
  };
}

/** Kept in the place of the text, which may be a private key. */
const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');

function ceilingsOf(parts: readonly ClientParts[]): ReadonlyMap<string, number> {
  const ceilings = new Map<string, number>();
  for (const { settings } of parts) {
    const { origin } = new URL(settings.url);
    ceilings.set(origin, Math.min(settings.requestsInFlight, ceilings.get(origin) ?? settings.requestsInFlight));
  }
  return ceilings;
}

/** Where the key of a server is on this machine. Throws for one that is in a secret. */
export function keyFile({ url, key }: ServerSettings): string {
  if ('secret' in key) throw new Error(`the key of ${url} is in a secret, so this is no configuration for one machine`);
  return key.file;
}
