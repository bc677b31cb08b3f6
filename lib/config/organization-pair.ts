import type { ObjectsWord } from '../model/object-kind.ts';
import type { ConfigPath } from './config-problem.ts';

/** An organization of the primary and the organization of a replica that is kept equal to it. */
export interface OrganizationPair {
  /** `REPLICA/DESTINATION`; `REPLICA/none` where the replica has no organizations. Unique in a configuration. */
  readonly name: string;
  readonly replicaName: string;
  /** The organization on the primary; null where that server has no organizations (`organization: none`). */
  readonly source: string | null;
  /** The organization on the replica; null where that server has no organizations. */
  readonly destination: string | null;
  /** The same object in every pair. */
  readonly primary: ServerSettings;
  /** The same object in every pair of one replica. */
  readonly replica: ServerSettings;
  readonly settings: PairSettings;
}

/** Where a private key is kept. */
export type KeyPlace = { readonly file: string } | { readonly secret: string };

/** How to reach a Chef server. Holds the place of the private key, never the key. */
export interface ServerSettings {
  /** Without a slash at the end and without `/organizations`; equal for two servers only if they are one. */
  readonly url: string;
  readonly user: string;
  /** A file in PEM form, as an absolute path; or the name of a secret in Secrets Manager that holds the same. */
  readonly key: KeyPlace;
  /** The certificates of a private CA, as an absolute path. */
  readonly ca?: string;
  readonly skipsTlsVerification: boolean;
  readonly signingVersion: '1.3' | '1.1' | '1.0';
  /** From 1 to 32. */
  readonly requestsInFlight: number;
}

/** How a pair is replicated. */
export interface PairSettings {
  readonly pollSeconds: number;
  readonly source: 'auto' | 'feed' | 'inventory';
  readonly bootstrap: boolean;
  readonly drift: 'repair' | 'report';
  /** `all` stays a word, so that a later version with more kinds does not change what a file says. */
  readonly objects: 'all' | readonly ObjectsWord[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Above 0 and up to 1. */
  readonly inventoryShare: number;
}

/** A pair and the entry of `organizations:` that it comes from. */
export interface LocatedPair {
  readonly pair: OrganizationPair;
  readonly path: ConfigPath;
}

/** A server and its place in the configuration. */
export interface LocatedServer {
  readonly settings: ServerSettings;
  readonly path: ConfigPath;
}
