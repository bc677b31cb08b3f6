import type { RequestFailure } from './chef-request-error.ts';
import type { ListPath } from './object-path.ts';
import type { Side } from './side.ts';

/** What an examination of a Chef server found, before anybody judges it. Plain data; never a key, nor an object's content. */
export interface ServerFacts {
  readonly side: Side;
  readonly url: string;
  readonly isHttps: boolean;
  /** By configuration any certificate is taken. */
  readonly isCertificateUnchecked: boolean;
  /** Requests go through the environment's proxy, so what is tried directly may fail and mean nothing. */
  readonly isProxySet: boolean;
  readonly addresses: readonly string[];
  readonly addressProblem?: string;
  readonly connectMs?: number;
  readonly connectProblem?: string;
  readonly tls?: TlsFacts;
  readonly tlsProblem?: string;
}

/** The certificates that a server shows. */
export interface TlsFacts {
  readonly protocol: string;
  readonly issuer: string;
  /** Why they do not verify. */
  readonly problem?: string;
  /** When the first of the chain expires, ms, and its name. */
  readonly expiresAt: number;
  readonly expiring: string;
}

/** How one try of a request ended: without `failure`, well. */
export interface Attempt {
  readonly failure?: RequestFailure;
}

/** What an examination of one organization found, as the configured user. */
export interface OrganizationFacts {
  readonly side: Side;
  readonly user: string;
  /** Null for a server without organizations. */
  readonly organization: string | null;
  /** The signed read of the organization with the configured signing version. */
  readonly probe: Attempt;
  /** The user is a client of the organization: it may not read that, and is told apart by its own id. */
  readonly isClient?: boolean;
  /** How far the server's clock is ahead of ours, ms, to the second; absent when it did not say. */
  readonly clockAheadMs?: number;
  /** What the server calls itself: `flavor=cs;version=12.0.0;oc_erchef=15.10.118`. */
  readonly product?: string;
  readonly signing: readonly { readonly protocol: string; readonly isConfigured: boolean; readonly attempt: Attempt }[];
  /** The newest API version that both sides speak. */
  readonly apiVersion?: number;
  /** Of each list that the pairs need: whether it, and one object of it, can be read. */
  readonly lists: readonly { readonly list: ListPath; readonly attempt: Attempt; readonly objectAttempt?: Attempt }[];
  /** Whether the user is in the group `admins`, or an administrator of a server without organizations; absent when that is not shown. */
  readonly isAdmin?: boolean;
  /** Of the primary. */
  readonly feed?: { readonly kind: 'events' | 'absent' | 'refused' | 'unavailable'; readonly text: string };
  /** Roles that the server lists, and those of them that search shows. */
  readonly search?: { readonly listed: number; readonly found: number } | { readonly problem: string };
  /** Of the replica: a body of 2,000,000 bytes that is no object, and what the server made of it. */
  readonly largeBody?: { readonly status: number };
  /** Of the replica, when asked for: objects made and removed again. */
  readonly writes?: readonly { readonly what: string; readonly attempt: Attempt }[];
  /** With the writes: after how long search showed a new object, ms; absent: not within the time allowed. */
  readonly searchLagMs?: number;
  readonly load?: readonly LoadStep[];
}

/** A second or two of reads, so many at a time. */
export interface LoadStep {
  readonly inFlight: number;
  readonly requests: number;
  readonly perSecond: number;
  readonly medianMs: number;
  /** The first request that failed; the load ended there. */
  readonly failure?: RequestFailure;
}
