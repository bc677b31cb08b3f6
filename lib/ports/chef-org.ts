import type { ListPath, ObjectRef } from '../model/object-path.ts';
import type { Side } from '../model/side.ts';

/**
 * Who the organization says it is. A server without organizations has no guid: its identity is unknown. A client may not read its
 * organization; what tells that from every other one is the client itself: `client:ID`.
 */
export interface OrgIdentity {
  readonly guid: string | undefined;
}

/** An object as a server answered it: the bytes of its JSON, decoded as strict UTF-8 and otherwise untouched. */
export interface ChefObject {
  readonly ref: ObjectRef;
  /** JSON text. For cookbook versions the manifest; data bags have none of their own and show `{"name":"BAG"}`. */
  readonly text: string;
}

/** A read that found nothing. `isChefShaped`: JSON 404 of the API itself, not of a proxy or a missing route. */
export interface MissingObject {
  readonly missing: true;
  readonly isChefShaped: boolean;
}

/** A cookbook's file as the primary holds it: `open` streams its bytes, and the stream fails unless their MD5 is `checksum`. */
export interface CookbookFiles {
  open(checksum: string): Promise<AsyncIterable<Uint8Array>>;
}

/** One event of the feed, unread: `path` may be in any spelling, ids are integers of any size in decimal. */
export interface FeedEvent {
  readonly id: string;
  readonly path: string;
  readonly action: 'create' | 'update' | 'delete';
}

/** What the feed answered. Only `events` is a feed; the others say what came in place of one. */
export type FeedAnswer =
  | {
      readonly kind: 'events';
      readonly events: readonly FeedEvent[];
      /** How many entries were no events, for the log. */
      readonly skipped: number;
    }
  /** 404, or a 2xx that is not a JSON array: this server has no feed. */
  | { readonly kind: 'absent'; readonly text: string }
  | { readonly kind: 'refused'; readonly status: 401 | 403; readonly text: string }
  /** 5xx, time-out, connection: ask again with the next poll. */
  | { readonly kind: 'unavailable'; readonly text: string };

/**
 * One organization on one Chef server, seen from one pair. Every method throws `ChefRequestError` when the server did not do what the
 * API promises; an unreadable list or body is always an error, never an empty value.
 */
export interface ChefOrg {
  readonly side: Side;
  /** Signed read of the organization (without organizations: of `environments/_default`), as a client of the client too. */
  probe(): Promise<OrgIdentity>;
  /** All names of a list, as `nameInList` spells them. Names the server lists that no request can carry are returned too. */
  names(list: ListPath): Promise<readonly string[]>;
  /**
   * Bodies of a list's members in bulk, from search: name → JSON text of the object itself (items unwrapped). Membership lags and a
   * server may have no such search: then fewer names, or none, are in the map. `undefined`: this list has no bulk read.
   */
  bodies(list: ListPath): Promise<ReadonlyMap<string, string> | undefined>;
  read(ref: ObjectRef): Promise<ChefObject | MissingObject>;
  /** POST. `exists`: the server has one of that name, nothing was written. `no-container`: its data bag is missing. Never for cookbook versions. */
  create(ref: ObjectRef, text: string): Promise<'created' | 'exists' | 'no-container'>;
  /** PUT of role, environment, item. `missing`: there is none of that name, nothing was written. */
  replace(ref: ObjectRef, text: string): Promise<'replaced' | 'missing'>;
  /** Files (only those the organization lacks) and then the manifest, `force=true`; the version is then as `manifest` says, but a frozen one stays frozen. */
  writeCookbook(ref: ObjectRef, manifest: string, files: CookbookFiles): Promise<void>;
  /** Files of a cookbook version whose manifest `read` answered. */
  cookbookFiles(manifest: ChefObject): CookbookFiles;
  remove(ref: ObjectRef): Promise<'removed' | 'missing'>;
  /** Events with an id greater than `seq`. Never throws for an answer that is in `FeedAnswer`. */
  updatedSince(seq: string): Promise<FeedAnswer>;
  /**
   * Time (ms) of the last 5xx, 403, time-out or lost connection this process saw from the server; 0 when none. An overloaded server
   * answers 404 for objects that exist (seen on Chef Infra Server 15.10).
   */
  lastTroubleAt(): number;
}
