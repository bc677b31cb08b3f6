import { isUtf8 } from 'node:buffer';
import type { Dispatcher } from 'undici';
import { ChefRequestError, type RequestFailure } from '../model/chef-request-error.ts';
import type { Side } from '../model/side.ts';
import { SyncError } from '../model/sync-error.ts';
import type { Clock } from '../ports/clock.ts';
import { NEWEST_API_VERSION, versionAfterAnswer, versionAfterRefusal } from './api-version.ts';
import { type RequestLabel, statusFailure, transportFailure } from './failures.ts';
import { createFileStore, type FileStore } from './file-store.ts';
import { createHttpAgent, type HttpAgentSettings } from './http-agent.ts';
import { headerOf, isTroubleStatus, readAtMost } from './http-answer.ts';
import type { RequestLimiter, RequestLimiters } from './request-limiter.ts';
import { type SigningKey, signatureTimestamp, signRequest } from './sign-request.ts';
import { createSlots, type Slots } from './slots.ts';

/** Tries of one request. The object is tried again minutes later by those who know its history; this only bridges a hiccup. */
const TRIES = 4;
/** Pause before the second try; doubled before each further one, and spread by half so that many requests do not return at once. */
const FIRST_PAUSE_MS = 500;
/** The longest pause that a server may ask for with Retry-After. */
const MAX_ASKED_PAUSE_MS = 30_000;
/** No further try begins later than this after the first: with one time-out more, a request ends well before a function's 5 minutes. */
const TRY_WINDOW_MS = 60_000;
/** A version and a key may both change under a request; what changes more often than that never ends. */
const MOST_RENEGOTIATIONS = 3;
/** Answers larger than this are refused: the list of 100,000 objects has 10 MB, the largest object 2 MB. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/**
 * Files under way to one server at once, over all cookbooks. Each keeps a download open at the primary, which has the same bound of 60
 * requests as any other work; and each holds some hundred kilobytes of buffers.
 */
const TRANSFERS_AT_ONCE = 12;
/** The front end answers requests without this header with an HTML page. Servers check only that the version is not below 10. */
const CHEF_CLIENT_VERSION = '18.0.0';

/** Whether the same request may well succeed a moment later. Refusals (400, 401, 403, 404, 409, 413) and "not implemented" never do. */
export function mayPass({ cause, status = 0 }: RequestFailure): boolean {
  if (cause === 'status') return isTroubleStatus(status) && status !== 501;
  return cause === 'time-out' || cause === 'connection';
}

/** A read that the object's own permissions deny; an overloaded server says that it cannot verify the user. */
const isDeniedForGood = ({ method }: ApiRequest, answer: Buffer | undefined): boolean =>
  method === 'GET' && answer?.includes('missing read permission') === true;

/** How to reach a Chef server and as whom. */
export interface ChefServerSettings extends HttpAgentSettings {
  /** Scheme, host, port; a path before the organization's is kept. */
  readonly url: string;
  readonly key: SigningKey;
  /** Asked when the server refuses the signature (401): the key that has come into the place of `key`, or undefined when none has. Never rejects. */
  readonly renewKey?: () => Promise<SigningKey | undefined>;
  readonly limiters: RequestLimiters;
  readonly clock: Clock;
}

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

/** One Chef server as one user: signs, sends, retries, bounds and checks. Knows nothing of objects. */
export interface ChefServer {
  readonly clock: Clock;
  /** Who signs. */
  readonly user: string;
  /** Path that every request begins with; empty for most servers. */
  readonly basePath: string;
  /**
   * Sends a signed request to the configured host and to no other; never follows a redirect. Retries what may pass by itself, signed
   * anew. Throws a ChefRequestError for every status that is neither 2xx nor accepted.
   */
  send(request: ApiRequest): Promise<ApiAnswer>;
  /** The API version both sides speak; undefined until the first good answer. */
  apiVersion(): number | undefined;
  /** The contents of cookbook files. */
  readonly fileStore: FileStore;
  /** Places for files under way to this server. */
  readonly transfers: Slots;
  /** Pauses before another try after `failedTries` that failed. */
  pause(failedTries: number): Promise<void>;
  lastTroubleAt(): number;
  /** Requests in flight, and how many there may be, for status and log. */
  readonly limiter: Pick<RequestLimiter, 'inFlight' | 'limit'>;
  /** Closes idle connections and waits for those in use. */
  close(): Promise<void>;
}

/** What one try of a request brought. */
type TryOutcome =
  | { readonly kind: 'answer'; readonly answer: Omit<ApiAnswer, 'wasRetried'> }
  /** The server named the API version it speaks, or the key was replaced: the same request goes out again with that. */
  | { readonly kind: 'renegotiated'; readonly failure: RequestFailure }
  | {
      readonly kind: 'failed';
      readonly failure: RequestFailure;
      readonly askedPauseMs?: number;
      readonly error?: unknown;
    };

/** A client of the server. Throws a SyncError when the URL or the CA is none; opens no connection yet. */
export function createChefServer(settings: ChefServerSettings): ChefServer {
  const { clock, limiters } = settings;
  const url = baseUrl(settings.url);
  const basePath = url.pathname.replace(/\/+$/, '');
  const limiter = limiters.of(url.origin);
  const agent = createHttpAgent(settings);
  let offeredVersion = NEWEST_API_VERSION;
  let agreedVersion: number | undefined;
  let key = settings.key;
  let renewal: Promise<void> | undefined;

  async function renewKey(): Promise<void> {
    key = (await settings.renewKey?.()) ?? key;
    renewal = undefined;
  }

  /** Whether there is another key now than the one that a request was signed with. Requests that were refused together ask once. */
  async function isKeyReplaced(signedWith: SigningKey): Promise<boolean> {
    if (key === signedWith) {
      renewal ??= renewKey();
      await renewal;
    }
    return key !== signedWith;
  }

  async function signedHeaders(request: ApiRequest, path: string, version: number): Promise<Record<string, string>> {
    const headers = await signRequest(key, {
      method: request.method,
      path,
      body: request.body ?? '',
      timestamp: signatureTimestamp(clock.now()),
      apiVersion: String(version),
    });
    headers['X-Chef-Version'] = CHEF_CLIENT_VERSION;
    headers['Accept'] = 'application/json';
    if (request.body !== undefined) headers['Content-Type'] = 'application/json';
    return headers;
  }

  async function tryOnce(request: ApiRequest, label: RequestLabel): Promise<TryOutcome> {
    const path = `${basePath}${request.path}`;
    const version = offeredVersion;
    const signedWith = key;
    const headers = await signedHeaders(request, path, version);
    const place = await limiter.enter();
    let isTrouble = true;
    try {
      const response = await agent.request({
        origin: url.origin,
        method: request.method,
        path: request.query === undefined ? path : `${path}?${request.query}`,
        headers,
        body: request.body ?? null,
      });
      const bytes = await readAtMost(response.body, request.maxBytes ?? MAX_ANSWER_BYTES);
      isTrouble = isTroubleStatus(response.statusCode) && request.isShortcut !== true;
      if (response.statusCode === 403 && !isDeniedForGood(request, bytes)) limiter.noteTrouble();
      const outcome = judgeAnswer(request, label, version, response, bytes);
      if (outcome.kind !== 'failed' || outcome.failure.status !== 401 || !(await isKeyReplaced(signedWith)))
        return outcome;
      return { kind: 'renegotiated', failure: outcome.failure };
    } catch (error) {
      const failure = transportFailure(label, url.host, error);
      return { kind: 'failed', failure, error };
    } finally {
      place.leave(isTrouble ? 'trouble' : 'answered', request.latencyKind);
    }
  }

  function judgeAnswer(
    request: ApiRequest,
    label: RequestLabel,
    version: number,
    response: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>,
    bytes: Buffer | undefined,
  ): TryOutcome {
    const { statusCode: status, headers } = response;
    const isSuccess = status >= 200 && status < 300;
    if (bytes === undefined) {
      if (isSuccess && request.maxBytes !== undefined) {
        return { kind: 'answer', answer: { status, text: '', isTooLarge: true, label } };
      }
      const text = `${status} with more than ${MAX_ANSWER_BYTES / 1024 / 1024} MB, which is larger than any answer of the API`;
      return { kind: 'failed', failure: { ...label, cause: 'unexpected-answer', status, text } };
    }
    const text = bytes.toString('utf8');
    if (isSuccess || request.accepts?.includes(status) === true) {
      if (!isUtf8(bytes)) {
        const words =
          'the answer is not valid UTF-8 and cannot be copied unchanged; save the object again with valid text';
        return { kind: 'failed', failure: { ...label, cause: 'object', status, text: words } };
      }
      // Only JSON comes from the API itself: an HTML page in front of it says nothing about versions.
      if (agreedVersion === undefined && isSuccess && /^\s*[[{]/.test(text)) {
        agreedVersion = versionAfterAnswer(headerOf(headers, 'x-ops-server-api-version'));
        offeredVersion = agreedVersion;
      }
      return { kind: 'answer', answer: { status, text, isTooLarge: false, label } };
    }
    const facts = { date: headerOf(headers, 'date'), location: headerOf(headers, 'location') };
    const failure = statusFailure(label, status, text, facts, clock.now());
    const named = status === 406 ? versionAfterRefusal(version, text) : undefined;
    if (named !== undefined) {
      offeredVersion = named;
      agreedVersion = named;
      return { kind: 'renegotiated', failure };
    }
    const askedPauseMs = askedPause(headerOf(headers, 'retry-after'));
    return {
      kind: 'failed',
      failure,
      ...(askedPauseMs === undefined ? {} : { askedPauseMs }),
    };
  }

  async function pause(failedTries: number, askedPauseMs = 0): Promise<void> {
    const ownPauseMs = FIRST_PAUSE_MS * 2 ** (failedTries - 1) * (0.5 + clock.random());
    await clock.sleep(Math.max(ownPauseMs, askedPauseMs));
  }

  return {
    clock,
    user: settings.key.user,
    basePath,
    async send(request) {
      const label = { side: request.side, request: `${request.method} ${request.shownPath ?? request.path}` };
      const startedAt = clock.now();
      let renegotiations = 0;
      for (let failedTries = 0; ; ) {
        const outcome = await tryOnce(request, label);
        if (outcome.kind === 'answer') return { ...outcome.answer, wasRetried: failedTries > 0 };
        if (outcome.kind === 'renegotiated') {
          renegotiations += 1;
          if (renegotiations > MOST_RENEGOTIATIONS) throw new ChefRequestError(outcome.failure);
          continue;
        }
        failedTries += 1;
        const isLast = failedTries >= (request.tries ?? TRIES) || clock.now() - startedAt > TRY_WINDOW_MS;
        if (!mayPass(outcome.failure) || isLast) {
          throw new ChefRequestError(outcome.failure, { cause: outcome.error });
        }
        await pause(failedTries, outcome.askedPauseMs);
      }
    },
    apiVersion: () => agreedVersion,
    fileStore: createFileStore(agent, limiters, clock),
    transfers: createSlots(TRANSFERS_AT_ONCE),
    pause,
    lastTroubleAt: () => limiter.lastTroubleAt,
    limiter,
    close: () => agent.close(),
  };
}

function baseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '')
    return url;
  // What stands before an @ is a password.
  const shown = text.replace(/\/\/[^/]*@/, '//…@');
  throw new SyncError(`"${shown}" is not the URL of a Chef server; it looks like https://chef.example.com.`, {
    code: 'URL_UNUSABLE',
    scope: 'endpoint',
    retry: 'never',
  });
}

function askedPause(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d+$/.test(retryAfter)
    ? Math.min(Number(retryAfter) * 1000, MAX_ASKED_PAUSE_MS)
    : undefined;
}
