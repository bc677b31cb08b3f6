import type { Side } from '../model/side.ts';
import type { RequestLabel } from './failures.ts';

/** One request to the API. */
export interface ApiRequest {
  readonly side: Side;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** After the server's base path, names raw: `/organizations/acme/roles/web`. */
  readonly path: string;
  /** How messages call it, when `path` is not it. */
  readonly shownPath?: string;
  /** Without `?`. Not signed. */
  readonly query?: string;
  /** JSON text. */
  readonly body?: string;
  /** Statuses besides 2xx that the caller understands and gets as answers. */
  readonly accepts?: readonly number[];
  /** Names requests that take about equally long, to notice when they take longer. */
  readonly latencyKind?: string;
  readonly tries?: number;
  /** Served by another service than the objects: that it fails says nothing about how true their answers are. */
  readonly isShortcut?: boolean;
  /** An answer that is larger comes back with `isTooLarge` instead of failing. */
  readonly maxBytes?: number;
}

/** An answer whose status is a 2xx or one that the request accepts. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  readonly isTooLarge: boolean;
  /** An earlier try ended without a clear answer: the server may have done what was asked already. */
  readonly wasRetried: boolean;
  readonly label: RequestLabel;
}
