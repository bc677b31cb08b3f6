import type { RequestFailure } from '../model/chef-request-error.ts';
import type { Side } from '../model/side.ts';
import { NEWEST_API_VERSION } from './api-version.ts';
import { statusFailure, transportFailure } from './failures.ts';
import { createHttpAgent, type HttpAgentSettings } from './http-agent.ts';
import { headerOf, readAtMost } from './http-answer.ts';
import { type SigningKey, type SigningProtocol, signatureTimestamp, signRequest } from './sign-request.ts';

/** A request that is sent once, as it is. */
export interface BareRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** After the organization, names raw; empty for the organization itself. */
  readonly path: string;
  readonly query?: string;
  readonly body?: string;
  readonly protocol?: SigningProtocol;
  readonly apiVersion?: number;
}

/** What came of it. Every status is an answer; only what is no 2xx has a failure. */
export interface BareAnswer {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly text: string;
  readonly failure?: RequestFailure;
  readonly tookMs: number;
  /** The server's clock less ours, ms, when it says its time. */
  readonly clockAheadMs?: number;
  readonly apiVersionHeader?: string;
  readonly product?: string;
}

/** Where requests go and who signs. */
export interface BareRequestSettings extends HttpAgentSettings {
  readonly side: Side;
  readonly key: SigningKey;
  readonly now: () => number;
}

/** Requests of an examination: each is tried once, and nothing of its answer is smoothed over. */
export interface BareRequests {
  send(organization: string | null, request: BareRequest): Promise<BareAnswer>;
  close(): Promise<void>;
}

const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const CHEF_CLIENT_VERSION = '18.0.0';
/** A server that takes longer than this for one request has a problem of its own. */
const PATIENCE_MS = 20_000;

/** Opens no connection yet. Throws a `SyncError` when the CA is none. */
export function createBareRequests(settings: BareRequestSettings): BareRequests {
  const { side, key, now } = settings;
  const url = new URL(settings.url);
  const basePath = url.pathname.replace(/\/+$/, '');
  const timeouts = { connectMs: 10_000, headersMs: PATIENCE_MS, bodyMs: PATIENCE_MS };
  const agent = createHttpAgent({ ...settings, timeouts });

  return {
    async send(organization, { method, path: below, query, body, protocol, apiVersion = NEWEST_API_VERSION }) {
      const suffix = organization === null ? '' : `/organizations/${organization}`;
      const path = `${basePath}${basePath.endsWith(suffix) ? '' : suffix}${below}` || '/';
      const label = { side, request: `${method} ${below === '' ? suffix : below}` };
      const startedAt = now();
      try {
        const signer = protocol === undefined ? key : { ...key, protocol };
        const signed = await signRequest(signer, {
          method,
          path,
          body: body ?? '',
          timestamp: signatureTimestamp(startedAt),
          apiVersion: String(apiVersion),
        });
        const response = await agent.request({
          origin: url.origin,
          method,
          path: query === undefined ? path : `${path}?${query}`,
          headers: {
            ...signed,
            'X-Chef-Version': CHEF_CLIENT_VERSION,
            Accept: 'application/json',
            ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          },
          body: body ?? null,
        });
        const text = (await readAtMost(response.body, MAX_ANSWER_BYTES))?.toString('utf8') ?? '';
        const endedAt = now();
        const { statusCode: status, headers } = response;
        const date = headerOf(headers, 'date');
        const serverAt = date === undefined ? Number.NaN : Date.parse(date);
        const apiVersionHeader = headerOf(headers, 'x-ops-server-api-version');
        const product = headerOf(headers, 'x-ops-api-info');
        const isGood = status >= 200 && status < 300;
        const facts = { date, location: headerOf(headers, 'location') };
        return {
          status,
          text,
          tookMs: endedAt - startedAt,
          ...(isGood ? {} : { failure: statusFailure(label, status, text, facts, endedAt) }),
          // The header has no parts of a second: on average the server's clock is half a second further.
          ...(Number.isNaN(serverAt) ? {} : { clockAheadMs: serverAt + 500 - (startedAt + endedAt) / 2 }),
          ...(apiVersionHeader === undefined ? {} : { apiVersionHeader }),
          ...(product === undefined ? {} : { product }),
        };
      } catch (error) {
        return { status: 0, text: '', tookMs: now() - startedAt, failure: transportFailure(label, url.host, error) };
      }
    },
    close: () => agent.close(),
  };
}
