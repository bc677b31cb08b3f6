import type { Side } from './side.ts';

/** How a request to a Chef server ended when it did not end well. */
export interface RequestFailure {
  readonly side: Side;
  /** For the reader: method and path without query and without signed URLs, `PUT /roles/web`. */
  readonly request: string;
  readonly cause: /** The server answered with a status that is no success. */
    | 'status'
    /** Connecting, the headers or the body took longer than allowed. */
    | 'time-out'
    /** Name look-up, connection, reset, truncated body. */
    | 'connection'
    /** The server's certificate does not verify. */
    | 'tls'
    /** The server's certificate is good, for another name than that of the URL. */
    | 'tls-name'
    /** A 2xx that is not what the API promises: HTML, empty, other JSON. */
    | 'unexpected-answer'
    /** The object itself cannot be carried: invalid UTF-8, a name that cannot be in a URL, a file lost on the primary, wrong MD5. */
    | 'object';
  readonly status?: number;
  /** The server's own words, shortened, or what came instead. Never an object's content. */
  readonly text: string;
  /** A commit answered 503 means "incomplete upload", not "busy". */
  readonly isSandboxCommit?: boolean;
  /** An unknown checksum in a manifest: sandbox and PUT must be done again with the whole file list (seen on Chef Infra Server 15.10). */
  readonly isMissingChecksum?: boolean;
  /** True when the attempt committed a sandbox before it failed: that is progress and the attempt is given back. */
  readonly hasProgressed?: boolean;
}

/** Thrown by every Chef organization adapter for a request that failed; `lib/plan/classify-response.ts` decides what follows. */
export class ChefRequestError extends Error {
  readonly failure: RequestFailure;

  constructor(failure: RequestFailure, options?: ErrorOptions) {
    super(`${failure.side}: ${failure.request}: ${failure.text}`, options);
    this.name = 'ChefRequestError';
    this.failure = failure;
  }
}
