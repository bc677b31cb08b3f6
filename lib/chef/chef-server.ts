import { ChefRequestError } from '../model/chef-request-error.ts';
import { SyncError } from '../model/sync-error.ts';
import type { Clock } from '../ports/clock.ts';
import type { ApiAnswer, ApiRequest } from './api-request.ts';
import { createVersionAgreement } from './api-version.ts';
import { READ_DENIED, type RequestLabel, transportFailure } from './failures.ts';
import { createFileStore, type FileStore } from './file-store.ts';
import { createHttpAgent, type HttpAgentSettings } from './http-agent.ts';
import { isTroubleStatus, readAtMost } from './http-answer.ts';
import { judgeAnswer, MAX_ANSWER_BYTES, type TryOutcome } from './judge-answer.ts';
import { createRenewableKey } from './renewable-key.ts';
import type { RequestLimiter, RequestLimiters } from './request-limiter.ts';
import { isTriedAgain, pauseBeforeTry } from './retry.ts';
import { type SigningKey, signatureTimestamp, signRequest } from './sign-request.ts';
import { createSlots, type Slots } from './slots.ts';

/** A version and a key may both change under a request; what changes more often than that never ends. */
const MOST_RENEGOTIATIONS = 3;
/**
 * Files under way to one server at once, over all cookbooks. Each keeps a download open at the primary, which has the same bound of 60
 * requests as any other work; and each holds some hundred kilobytes of buffers.
 */
const TRANSFERS_AT_ONCE = 12;
/** The front end answers requests without this header with an HTML page. Servers check only that the version is not below 10. */
const CHEF_CLIENT_VERSION = '18.0.0';

/** A read that the object's own permissions deny, which is no sign of trouble. */
const isDeniedForGood = ({ method }: ApiRequest, answer: Buffer | undefined): boolean =>
  method === 'GET' && answer?.includes(READ_DENIED) === true;

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
  lastTroubleAt(): number;
  /** Requests in flight, and how many there may be, for status and log. */
  readonly limiter: Pick<RequestLimiter, 'inFlight' | 'limit'>;
  /** Closes idle connections and waits for those in use. */
  close(): Promise<void>;
}

/** A client of the server. Throws a SyncError when the URL or the CA is none; opens no connection yet. */
export function createChefServer(settings: ChefServerSettings): ChefServer {
  const { clock, limiters } = settings;
  const url = baseUrl(settings.url);
  const basePath = url.pathname.replace(/\/+$/, '');
  const limiter = limiters.of(url.origin);
  const agent = createHttpAgent(settings);
  const versions = createVersionAgreement();
  const key = createRenewableKey(settings.key, settings.renewKey);

  async function signedHeaders(
    request: ApiRequest,
    path: string,
    signer: SigningKey,
    version: number,
  ): Promise<Record<string, string>> {
    const headers = await signRequest(signer, {
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
    const version = versions.offered();
    const signer = key.current();
    const headers = await signedHeaders(request, path, signer, version);
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
      const { statusCode: status } = response;
      const bytes = await readAtMost(response.body, request.maxBytes ?? MAX_ANSWER_BYTES);
      isTrouble = isTroubleStatus(status) && request.isShortcut !== true;
      if (status === 403 && !isDeniedForGood(request, bytes)) limiter.noteTrouble();
      const answer = { request, label, version, status, headers: response.headers, bytes, now: clock.now() };
      const outcome = judgeAnswer(answer, versions);
      const isKeyRefused = outcome.kind === 'failed' && outcome.failure.status === 401;
      if (!isKeyRefused || !(await key.isReplaced(signer))) return outcome;
      return { kind: 'renegotiated', failure: outcome.failure };
    } catch (error) {
      const failure = transportFailure(label, url.host, error);
      return { kind: 'failed', failure, error };
    } finally {
      place.leave(isTrouble ? 'trouble' : 'answered', request.latencyKind);
    }
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
        const soFar = { failedTries, tries: request.tries, elapsedMs: clock.now() - startedAt };
        if (!isTriedAgain(outcome.failure, soFar)) {
          throw new ChefRequestError(outcome.failure, { cause: outcome.error });
        }
        await pauseBeforeTry(clock, failedTries, outcome.askedPauseMs);
      }
    },
    apiVersion: versions.agreed,
    fileStore: createFileStore(agent, limiters, clock),
    transfers: createSlots(TRANSFERS_AT_ONCE),
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
