import { isUtf8 } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { Readable } from 'node:stream';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { ChefRequestError, type RequestFailure } from '../model/chef-request-error.ts';
import type { Side } from '../model/side.ts';
import { SyncError } from '../model/sync-error.ts';
import type { Clock } from '../ports/clock.ts';
import { NEWEST_API_VERSION, versionAfterAnswer, versionAfterRefusal } from './api-version.ts';
import { type RequestLabel, statusFailure, transportFailure } from './failures.ts';
import type { RequestLimiter, RequestLimiters } from './request-limiter.ts';
import { type SigningKey, signatureTimestamp, signRequest } from './sign-request.ts';
import { createSlots, type Slots } from './slots.ts';

/** Time allowed for each part of one try, in milliseconds. */
export interface HttpTimeouts {
  /** Name look-up, TCP and TLS. */
  readonly connectMs: number;
  /** From the whole request sent to the answer's headers. */
  readonly headersMs: number;
  /** Between two pieces of an answer's body. */
  readonly bodyMs: number;
}

/**
 * A connection takes milliseconds or is not coming; a search over a large organization, or a sandbox commit that checks 100 files, takes
 * many seconds, and the front end itself gives up after 300.
 */
const DEFAULT_TIMEOUTS: HttpTimeouts = { connectMs: 10_000, headersMs: 60_000, bodyMs: 60_000 };

/** Tries of one request. The object is tried again minutes later by those who know its history; this only bridges a hiccup. */
const TRIES = 4;
/** Pause before the second try; doubled before each further one, and spread by half so that many requests do not return at once. */
const FIRST_PAUSE_MS = 500;
/** The longest pause that a server may ask for with Retry-After. */
const MAX_ASKED_PAUSE_MS = 30_000;
/** No further try begins later than this after the first: with one time-out more, a request ends well before a function's 5 minutes. */
const TRY_WINDOW_MS = 60_000;
/** Answers larger than this are refused: the list of 100,000 objects has 10 MB, the largest object 2 MB. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/**
 * Files under way to one server at once, over all cookbooks. Each keeps a download open at the primary, which has the same bound of 60
 * requests as any other work; and each holds some hundred kilobytes of buffers.
 */
const TRANSFERS_AT_ONCE = 12;
/** The front end answers requests without this header with an HTML page. Servers check only that the version is not below 10. */
const CHEF_CLIENT_VERSION = '18.0.0';

const RETRIED_STATUS = new Set([408, 429, 500, 502, 503, 504]);

/** Whether the same request may well succeed a moment later. Refusals (400, 401, 403, 404, 409, 413) never do. */
export function mayPass(failure: RequestFailure): boolean {
  if (failure.cause === 'status') return RETRIED_STATUS.has(failure.status ?? 0);
  return failure.cause === 'time-out' || failure.cause === 'connection';
}
const isTroubleStatus = (status: number): boolean => status >= 500 || status === 408 || status === 429;

/** How to reach a Chef server and as whom. */
export interface ChefServerSettings {
  /** Scheme, host, port; a path before the organization's is kept. */
  readonly url: string;
  readonly key: SigningKey;
  /** PEM of the private CA, trusted besides the well-known ones (file stores may be elsewhere). */
  readonly ca?: string;
  /** Takes any certificate: whoever makes this setting must say so loudly in the log. */
  readonly isCertificateUnchecked?: boolean;
  readonly limiters: RequestLimiters;
  readonly clock: Clock;
  readonly timeouts?: Partial<HttpTimeouts>;
  /** Where the proxy settings come from; the process's environment when not given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
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

/** One request for a file's content, at a URL that carries its own permission. */
export interface FileRequest {
  readonly side: Side;
  /** For messages: the URL itself is a secret while it is valid. */
  readonly shownAs: string;
  readonly url: string;
}

/** An answer whose body is still to be read, of whatever status. */
export interface FileDownload {
  readonly status: number;
  /** Undefined when the server sends the file in chunks of unannounced total length. */
  readonly byteLength: number | undefined;
  /** The content; must be read or destroyed. Fails with a ChefRequestError when it breaks off. */
  readonly bytes: AsyncIterable<Uint8Array>;
  discard(): void;
}

/** A file to send. The iterable is read once, while sending. */
export interface FileUpload extends FileRequest {
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
  readonly byteLength: number;
  readonly contentMd5: string;
}

/** How a file store took a file. */
export interface UploadAnswer {
  readonly status: number;
  readonly etag: string | undefined;
}

/** One Chef server as one user: signs, sends, retries, bounds and checks. Knows nothing of objects. */
export interface ChefServer {
  readonly clock: Clock;
  /** Path that every request begins with; empty for most servers. */
  readonly basePath: string;
  /**
   * Sends a signed request to the configured host and to no other; never follows a redirect. Retries what may pass by itself, signed
   * anew. Throws a ChefRequestError for every status that is neither 2xx nor accepted.
   */
  send(request: ApiRequest): Promise<ApiAnswer>;
  /** The API version both sides speak; undefined until the first good answer. */
  apiVersion(): number | undefined;
  /** One try, unsigned: the URL carries its own permission, and no credential ever goes there. */
  download(request: FileRequest): Promise<FileDownload>;
  /** One try, unsigned. Throws a ChefRequestError for every status but 2xx. */
  upload(request: FileUpload): Promise<UploadAnswer>;
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
  /** The server named the API version it speaks: the same request goes out again with that. */
  | { readonly kind: 'renegotiated' }
  | {
      readonly kind: 'failed';
      readonly failure: RequestFailure;
      readonly askedPauseMs?: number;
      readonly error?: unknown;
    };

/** A client of the server. Throws a SyncError when the URL or the CA is none; opens no connection yet. */
export function createChefServer(settings: ChefServerSettings): ChefServer {
  const { clock, key, limiters } = settings;
  const url = baseUrl(settings.url);
  const basePath = url.pathname.replace(/\/+$/, '');
  const limiter = limiters.of(url.origin);
  const dispatcher = createDispatcher(settings);
  let offeredVersion = NEWEST_API_VERSION;
  let agreedVersion: number | undefined;

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
    const headers = await signedHeaders(request, path, version);
    const place = await limiter.enter();
    let isTrouble = true;
    try {
      const response = await dispatcher.request({
        origin: url.origin,
        method: request.method,
        path: request.query === undefined ? path : `${path}?${request.query}`,
        headers,
        body: request.body ?? null,
      });
      const bytes = await readAtMost(response.body, request.maxBytes ?? MAX_ANSWER_BYTES);
      isTrouble = isTroubleStatus(response.statusCode);
      if (response.statusCode === 403) limiter.noteTrouble();
      return judgeAnswer(request, label, version, response, bytes);
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
    const named = status === 406 ? versionAfterRefusal(version, text) : undefined;
    if (named !== undefined) {
      offeredVersion = named;
      agreedVersion = named;
      return { kind: 'renegotiated' };
    }
    const facts = { date: headerOf(headers, 'date'), location: headerOf(headers, 'location') };
    const askedPauseMs = askedPause(headerOf(headers, 'retry-after'));
    return {
      kind: 'failed',
      failure: statusFailure(label, status, text, facts, clock.now()),
      ...(askedPauseMs === undefined ? {} : { askedPauseMs }),
    };
  }

  async function pause(failedTries: number, askedPauseMs = 0): Promise<void> {
    const ownPauseMs = FIRST_PAUSE_MS * 2 ** (failedTries - 1) * (0.5 + clock.random());
    await clock.sleep(Math.max(ownPauseMs, askedPauseMs));
  }

  return {
    clock,
    basePath,
    async send(request) {
      const label = { side: request.side, request: `${request.method} ${request.shownPath ?? request.path}` };
      const startedAt = clock.now();
      for (let failedTries = 0; ; ) {
        const outcome = await tryOnce(request, label);
        if (outcome.kind === 'answer') return { ...outcome.answer, wasRetried: failedTries > 0 };
        if (outcome.kind === 'renegotiated') continue;
        failedTries += 1;
        const isLast = failedTries >= (request.tries ?? TRIES) || clock.now() - startedAt > TRY_WINDOW_MS;
        if (!mayPass(outcome.failure) || isLast) {
          throw new ChefRequestError(outcome.failure, { cause: outcome.error });
        }
        await pause(failedTries, outcome.askedPauseMs);
      }
    },
    apiVersion: () => agreedVersion,
    async download({ side, shownAs, url: fileUrl }) {
      const label = { side, request: `GET ${shownAs}` };
      const file = parseFileUrl(label, fileUrl);
      const place = await limiters.of(file.origin).enter();
      let isTrouble = true;
      try {
        const response = await dispatcher.request({
          origin: file.origin,
          method: 'GET',
          path: `${file.pathname}${file.search}`,
          // Bookshelf repeats the Accept header as Content-Type, and its front end compresses what calls itself JSON.
          headers: { Accept: '*/*', 'Accept-Encoding': 'identity' },
        });
        isTrouble = isTroubleStatus(response.statusCode);
        const length = headerOf(response.headers, 'content-length');
        return {
          status: response.statusCode,
          byteLength: length === undefined ? undefined : Number(length),
          bytes: withFailures(response.body, label, file.host),
          discard: () => {
            response.body.on('error', ignoreLateError).destroy();
          },
        };
      } catch (error) {
        throw new ChefRequestError(transportFailure(label, file.host, error), { cause: error });
      } finally {
        // Given back before the body is read: whoever reads it waits for a place at the other server, which may be this one.
        place.leave(isTrouble ? 'trouble' : 'answered');
      }
    },
    async upload({ side, shownAs, url: fileUrl, bytes, byteLength, contentMd5 }) {
      const label = { side, request: `PUT ${shownAs}` };
      const file = parseFileUrl(label, fileUrl);
      const place = await limiters.of(file.origin).enter();
      let isTrouble = true;
      try {
        const response = await dispatcher.request({
          origin: file.origin,
          method: 'PUT',
          path: `${file.pathname}${file.search}`,
          // Content-Type and Content-MD5 are part of the URL's signature and must be exactly these.
          headers: {
            'Content-Type': 'application/x-binary',
            'Content-MD5': contentMd5,
            'Content-Length': String(byteLength),
            Accept: 'application/json',
          },
          body: bytes instanceof Uint8Array ? bytes : Readable.from(bytes, { highWaterMark: 1 }),
        });
        const status = response.statusCode;
        const answer = await readAtMost(response.body, MAX_ANSWER_BYTES);
        isTrouble = isTroubleStatus(status);
        if (status >= 200 && status < 300) return { status, etag: headerOf(response.headers, 'etag') };
        throw new ChefRequestError(statusFailure(label, status, answer?.toString('utf8') ?? '', {}, clock.now()));
      } catch (error) {
        if (error instanceof ChefRequestError) {
          // The source's own failure comes out of the request unchanged, and is no trouble of this server's.
          if (error.failure.side !== side) isTrouble = false;
          throw error;
        }
        throw new ChefRequestError(transportFailure(label, file.host, error), { cause: error });
      } finally {
        place.leave(isTrouble ? 'trouble' : 'answered');
      }
    },
    transfers: createSlots(TRANSFERS_AT_ONCE),
    pause,
    lastTroubleAt: () => limiter.lastTroubleAt,
    limiter,
    close: () => dispatcher.close(),
  };
}

function baseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '')
    return url;
  throw new SyncError(`"${text}" is not the URL of a Chef server; it looks like https://chef.example.com.`, {
    code: 'URL_UNUSABLE',
    scope: 'endpoint',
    retry: 'never',
  });
}

function parseFileUrl(label: RequestLabel, text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new ChefRequestError({
    ...label,
    cause: 'unexpected-answer',
    text: 'the server gave no usable URL for this file',
  });
}

function createDispatcher(settings: ChefServerSettings): Dispatcher {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...settings.timeouts };
  const environment = settings.environment ?? process.env;
  const tls = tlsOptions(settings);
  const options: Agent.Options = {
    // The signature covers an HTTP/1.1 request as Chef's own clients send it; one connection carries one request at a time.
    allowH2: false,
    pipelining: 1,
    connectTimeout: timeouts.connectMs,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    connect: tls,
  };
  const httpProxy = environment['http_proxy'] ?? environment['HTTP_PROXY'];
  const httpsProxy = environment['https_proxy'] ?? environment['HTTPS_PROXY'];
  if ((httpProxy ?? '') === '' && (httpsProxy ?? '') === '') return new Agent(options);
  return new EnvHttpProxyAgent({
    ...options,
    // `connect` serves direct connections only; what is reached through the proxy's tunnel takes its certificates from here.
    requestTls: tls,
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    noProxy: environment['no_proxy'] ?? environment['NO_PROXY'] ?? '',
  });
}

function tlsOptions({ url, ca, isCertificateUnchecked }: ChefServerSettings) {
  const rejectUnauthorized = isCertificateUnchecked !== true;
  if (ca === undefined) return { rejectUnauthorized };
  try {
    // A secure context ignores what is no certificate; this does not.
    new X509Certificate(ca);
    // Made once: reading 150 well-known certificates anew for every connection takes milliseconds each time.
    return { rejectUnauthorized, secureContext: createSecureContext({ ca: [...getCACertificates('default'), ca] }) };
  } catch (error) {
    const message = `The tls.ca of ${url} holds no certificate in PEM form; give the file of the CA that signed the server's certificate.`;
    throw new SyncError(message, { code: 'CA_UNUSABLE', scope: 'endpoint', retry: 'never' }, { cause: error });
  }
}

/** The whole body, or undefined (and the connection closed) when it is larger than allowed. */
async function readAtMost(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const piece: unknown = chunk;
    if (!(piece instanceof Uint8Array)) throw new TypeError('a response body is a stream of bytes');
    size += piece.length;
    // Leaving the loop destroys the body and with it the connection.
    if (size > maxBytes) return undefined;
    chunks.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
  }
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size);
}

async function* withFailures(
  body: AsyncIterable<Uint8Array>,
  label: RequestLabel,
  host: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new ChefRequestError(transportFailure(label, host, error), { cause: error });
  }
}

/** A body that nobody reads any more may still report that its connection broke. */
function ignoreLateError(): void {}

function headerOf(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function askedPause(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d+$/.test(retryAfter)
    ? Math.min(Number(retryAfter) * 1000, MAX_ASKED_PAUSE_MS)
    : undefined;
}
