import { lookup } from 'node:dns/promises';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate, getCACertificates } from 'node:tls';
import type { ServerFacts, TlsFacts } from '../model/server-facts.ts';
import type { Side } from '../model/side.ts';

/** As much of a server's settings as its transport needs. */
export interface ExaminedServer {
  readonly side: Side;
  readonly url: string;
  /** PEM of the private CA. */
  readonly ca?: string | undefined;
  readonly isCertificateUnchecked: boolean;
}

const PATIENCE_MS = 10_000;

/** Looks the server's name up, connects, and looks at its certificates. Sends no request. Never rejects for what the network does. */
export async function examineTransport(server: ExaminedServer, now: () => number): Promise<ServerFacts> {
  const url = new URL(server.url);
  const isHttps = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (isHttps ? 443 : 80);
  const base = {
    side: server.side,
    url: server.url,
    isHttps,
    isCertificateUnchecked: server.isCertificateUnchecked,
    isProxySet: isProxySet(isHttps),
  };
  let addresses: readonly string[];
  try {
    addresses = [...new Set((await lookup(host, { all: true })).map(({ address }) => address))];
  } catch (error) {
    return { ...base, addresses: [], addressProblem: wordsOf(error) };
  }
  const startedAt = now();
  const connectProblem = await tryConnect(host, port);
  if (connectProblem !== undefined) return { ...base, addresses, connectProblem };
  const connectMs = now() - startedAt;
  if (!isHttps) return { ...base, addresses, connectMs };
  const tls = await certificatesOf(host, port, server.ca);
  return { ...base, addresses, connectMs, ...(typeof tls === 'string' ? { tlsProblem: tls } : { tls }) };
}

const isProxySet = (isHttps: boolean): boolean =>
  (isHttps ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy', 'HTTP_PROXY']).some(
    (name) => (process.env[name] ?? '') !== '',
  );

/** The system's word for it: `ECONNREFUSED`. */
function wordsOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}

/** Answers what kept the connection from being made. */
async function tryConnect(host: string, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connectTcp({ host, port, timeout: PATIENCE_MS });
  socket.once('connect', () => resolve(undefined));
  socket.once('timeout', () => resolve('ETIMEDOUT'));
  socket.once('error', (error) => resolve(wordsOf(error)));
  const problem = await promise;
  socket.destroy();
  return problem;
}

/** The chain as the server shows it, verified or not; or why there is none. */
async function certificatesOf(host: string, port: number, ca: string | undefined): Promise<TlsFacts | string> {
  const { promise, resolve } = Promise.withResolvers<TlsFacts | string>();
  const socket = connectTls({
    host,
    port,
    timeout: PATIENCE_MS,
    // Nothing is sent over this connection: it is only looked at.
    rejectUnauthorized: false,
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }),
  });
  socket.once('secureConnect', () => {
    const problem: unknown = socket.authorized ? undefined : socket.authorizationError;
    const chain = chainOf(socket.getPeerCertificate(true));
    const first = chain.toSorted((a, b) => Date.parse(a.valid_to) - Date.parse(b.valid_to))[0];
    if (first === undefined) {
      resolve('it shows no certificate');
      return;
    }
    resolve({
      protocol: socket.getProtocol() ?? 'unknown',
      issuer: nameOf(chain[0]?.issuer),
      ...(problem === undefined ? {} : { problem: wordsOf(problem) }),
      expiresAt: Date.parse(first.valid_to),
      expiring: nameOf(first.subject),
    });
  });
  socket.once('timeout', () => resolve('ETIMEDOUT'));
  socket.once('error', (error) => resolve(wordsOf(error)));
  const facts = await promise;
  socket.destroy();
  return facts;
}

/** The certificates up to the root, which is its own issuer. */
function chainOf(leaf: DetailedPeerCertificate): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  const seen = new Set<string>();
  for (
    let at: DetailedPeerCertificate | undefined = leaf;
    at?.fingerprint256 !== undefined;
    at = at.issuerCertificate
  ) {
    if (seen.has(at.fingerprint256)) break;
    seen.add(at.fingerprint256);
    chain.push(at);
  }
  return chain;
}

function nameOf(subject: DetailedPeerCertificate['subject'] | undefined): string {
  const name = subject?.CN ?? subject?.O;
  return [name].flat().join(', ') || 'a certificate without a name';
}
