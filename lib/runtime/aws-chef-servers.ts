import type { Secrets } from '../aws/secrets.ts';
import { sentencePart } from '../aws/sign-in-problem.ts';
import { type ChefServer, createChefServer } from '../chef/chef-server.ts';
import { createRequestLimiters, type RequestLimiters } from '../chef/request-limiter.ts';
import { readSigningKey, type SigningKey } from '../chef/sign-request.ts';
import type { PackedConfig, PackedServer } from '../config/packed-config.ts';
import type { Side } from '../model/side.ts';
import { SyncError } from '../model/sync-error.ts';
import type { Clock } from '../ports/clock.ts';

/** Requests to one server since it was last asked for. */
export interface RequestCount {
  readonly server: string;
  readonly requests: number;
  readonly failures: number;
}

/** The Chef servers of a stack, each with its key from Secrets Manager, opened when first needed. */
export interface AwsChefServers {
  /**
   * A client of the server with at most `requestsInFlight` requests at a time. Throws a `SyncError` that names the side when its key is
   * missing or unusable; the next call tries again.
   */
  of(index: number, side: Side, requestsInFlight: number): Promise<ChefServer>;
  /** The key of the server's user as it is now. Throws a `SyncError` when it is missing or unusable. */
  key(server: PackedServer): Promise<SigningKey>;
  /** What was asked of each server since the last call; servers that were asked nothing are left out. */
  takeCounts(): readonly RequestCount[];
}

/** Opens no connection and reads no secret yet. */
export function openAwsChefServers(config: PackedConfig, secrets: Secrets, clock: Clock): AwsChefServers {
  const servers = new Map<string, ChefServer>();
  const limiters = new Map<number, RequestLimiters>();
  const counts = new Map<string, { requests: number; failures: number }>();

  const limitersOf = (requestsInFlight: number): RequestLimiters => {
    const ceilings = new Map(config.servers.map(({ url }) => [new URL(url).origin, requestsInFlight]));
    const made = limiters.get(requestsInFlight) ?? createRequestLimiters(clock, ceilings);
    limiters.set(requestsInFlight, made);
    return made;
  };

  const counted = (server: ChefServer, origin: string): ChefServer => ({
    ...server,
    async send(request) {
      const count = counts.get(origin) ?? { requests: 0, failures: 0 };
      counts.set(origin, count);
      count.requests += 1;
      try {
        return await server.send(request);
      } catch (error) {
        count.failures += 1;
        throw error;
      }
    },
  });

  const open = async (settings: PackedServer, requestsInFlight: number): Promise<ChefServer> => {
    const { secret } = settings.key;
    const readKey = async (): Promise<SigningKey> => {
      const pem = await secrets.read(secret);
      try {
        return keyIn(settings, pem);
      } catch {
        // It was read some time ago, maybe, and has been put right since.
        return keyIn(settings, await secrets.readNow(secret));
      }
    };
    const server = createChefServer({
      url: settings.url,
      key: await readKey(),
      renewKey: async () => {
        try {
          const pem = await secrets.renew(secret);
          return pem === undefined ? undefined : keyIn(settings, pem);
        } catch {
          // The server's refusal is then told, and it comes first: without it nobody would have looked.
          return undefined;
        }
      },
      ca: settings.caPem,
      isCertificateUnchecked: settings.skipsTlsVerification,
      limiters: limitersOf(requestsInFlight),
      clock,
    });
    return counted(server, new URL(settings.url).origin);
  };

  return {
    key: async (settings) => keyIn(settings, await secrets.readNow(settings.key.secret)),
    async of(index, side, requestsInFlight) {
      const settings = config.servers[index];
      if (settings === undefined) throw new Error(`the packed configuration has no server ${index}`);
      const name = `${index} ${requestsInFlight}`;
      try {
        const server = servers.get(name) ?? (await open(settings, requestsInFlight));
        servers.set(name, server);
        return server;
      } catch (error) {
        if (!(error instanceof SyncError)) throw error;
        const { message, code, scope, retry } = error;
        throw new SyncError(
          `The ${side}'s key cannot be used. ${message}`,
          { code, scope, retry, side },
          { cause: error },
        );
      }
    },
    takeCounts() {
      const taken = [...counts].map(([server, count]) => ({ server, ...count }));
      counts.clear();
      return taken;
    },
  };
}

/** The key that the server's secret holds. Throws a `SyncError` with the command that puts a right one there. */
function keyIn({ user, key: { secret }, signingVersion }: PackedServer, pem: string): SigningKey {
  try {
    return readSigningKey(user, pem, signingVersion);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const { message, code, scope, retry } = error;
    const command = `aws secretsmanager put-secret-value --secret-id ${secret} --secret-string file://KEY.pem`;
    throw new SyncError(`${sentencePart(message)}: \`${command}\`.`, { code, scope, retry }, { cause: error });
  }
}
