import { planLanes } from './lanes.ts';
import type { Config } from './load-config.ts';
import type { OrganizationPair, PairSettings, ServerSettings } from './organization-pair.ts';

/** A configuration as the functions on AWS carry it: nothing in it names a file, and everything that has to be computed is. */
export interface PackedConfig {
  /** The primary first. */
  readonly servers: readonly PackedServer[];
  readonly pairs: readonly PackedPair[];
}

/** A Chef server and its share of requests in flight. */
export interface PackedServer extends Omit<ServerSettings, 'key' | 'ca'> {
  readonly key: { readonly secret: string };
  /** Certificates of a private CA in PEM form. */
  readonly caPem?: string;
  /** How many polls may read it at a time. */
  readonly pollSlots: number;
  readonly requestsPerPoll: number;
  /** Of the one job that may read it at a time. */
  readonly requestsPerJob: number;
}

/** A pair; its servers are indices of {@link PackedConfig.servers}. */
export interface PackedPair {
  readonly name: string;
  readonly source: string | null;
  readonly destination: string | null;
  readonly primary: number;
  readonly replica: number;
  readonly settings: PairSettings;
  readonly lane: string;
  readonly requestsPerCopier: number;
}

/**
 * The text that is packed with the functions, for {@link unpackConfig}. `readCa` reads a certificate file. Throws when a key is no secret:
 * pack what `loadConfig(file, { home: 'aws' })` answered.
 */
export function packConfig({ pairs }: Config, readCa: (absolutePath: string) => string): string {
  const plan = planLanes(pairs);
  const servers = [...new Set(pairs.flatMap((pair) => [pair.primary, pair.replica]))];
  const packedServer = ({ key, ca, ...settings }: ServerSettings): PackedServer => {
    if (!('secret' in key))
      throw new Error(`the key of ${settings.url} is in a file, so this is no configuration for AWS`);
    const share = plan.polls.get(new URL(settings.url).origin) ?? { slots: 1, requestsPerPoll: 1, requestsPerJob: 1 };
    const { slots: pollSlots, requestsPerPoll, requestsPerJob } = share;
    return {
      ...settings,
      key,
      ...(ca !== undefined && { caPem: readCa(ca) }),
      pollSlots,
      requestsPerPoll,
      requestsPerJob,
    };
  };
  const packedPair = (pair: OrganizationPair): PackedPair => {
    const { name, source, destination, settings } = pair;
    const lane = plan.lanes.find((one) => one.pairs.includes(name));
    if (lane === undefined) throw new Error(`${name} has no lane`);
    return {
      name,
      source,
      destination,
      primary: servers.indexOf(pair.primary),
      replica: servers.indexOf(pair.replica),
      settings,
      lane: lane.name,
      requestsPerCopier: lane.requestsPerCopier,
    };
  };
  const packed: PackedConfig = { servers: servers.map(packedServer), pairs: pairs.map(packedPair) };
  return JSON.stringify(packed);
}

/** Reads the text of {@link packConfig}. It comes from the same deployment as the code that reads it, so its shape is not checked again. */
export function unpackConfig(text: string): PackedConfig {
  return JSON.parse(text);
}
