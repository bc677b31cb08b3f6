import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { SyncError } from '../model/sync-error.ts';

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

/** How a server's hosts are reached. */
export interface HttpAgentSettings {
  /** Of the server, for messages. */
  readonly url: string;
  /** PEM of the private CA, trusted besides the well-known ones (file stores may be elsewhere). */
  readonly ca?: string;
  /** Takes any certificate: whoever makes this setting must say so loudly in the log. */
  readonly isCertificateUnchecked?: boolean;
  readonly timeouts?: Partial<HttpTimeouts>;
  /** Where the proxy settings come from; the process's environment when not given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Kept-alive connections to a server and its file store, through the environment's proxy if it names one, closed with `close`. Throws a
 * SyncError when the CA is none; opens no connection yet.
 */
export function createHttpAgent(settings: HttpAgentSettings): Dispatcher {
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

function tlsOptions({ url, ca, isCertificateUnchecked }: HttpAgentSettings) {
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
