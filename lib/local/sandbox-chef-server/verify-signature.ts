import { constants, hash, type KeyObject, publicDecrypt, verify } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Requestor } from './access-rights.ts';
import { isCurrent } from './actor-key.ts';
import { refuse } from './answer.ts';
import type { CandidateKey } from './candidate-keys.ts';

/** How far a request's timestamp may be off; the server's own `auth_skew`. */
const clockSkewMs = 900_000;

const requiredHeaders = ['X-Ops-Sign', 'X-Ops-UserId', 'X-Ops-Timestamp', 'X-Ops-Content-Hash'] as const;

/** The part of a request that its signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Refuses with 400 a request that lacks one of the headers of a signature, with 401 a clock 15 minutes off. */
export function checkSignatureHeaders(headers: IncomingHttpHeaders, nowMs: number): void {
  const missing = requiredHeaders.filter((name) => headers[name.toLowerCase()] === undefined);
  if (missing.length > 0) {
    refuse(400, `missing required authentication header(s) ${missing.map((name) => `'${name}'`).join(', ')}`);
  }
  protocolOf(headerText(headers, 'x-ops-sign'));
  if (!isTimestampNear(headerText(headers, 'x-ops-timestamp'), nowMs)) {
    const name = headerText(headers, 'x-ops-userid');
    refuse(401, `Failed to authenticate as ${name}. Synchronize the clock on your host.`);
  }
}

/**
 * Who signed the request, and with which of their keys. Refuses with 401 and the server's text a name without a key that
 * is current, another body than the signed one, and a signature made with another key.
 */
export function verifySignature(
  request: SignedRequest,
  candidatesOf: (name: string) => readonly CandidateKey[],
  nowMs: number,
): Requestor {
  const { headers } = request;
  const protocol = protocolOf(headerText(headers, 'x-ops-sign'));
  const name = headerText(headers, 'x-ops-userid');
  const timestamp = headerText(headers, 'x-ops-timestamp');
  const candidates = candidatesOf(name).filter(({ key }) => isCurrent(key, nowMs));
  if (candidates.length === 0) {
    refuse(401, `Failed to authenticate as '${name}'. Ensure that your node_name and client key are correct.`);
  }

  const contentHash = digest(protocol === '1.3' ? 'sha256' : 'sha1', request.body);
  const hasSignedBody = contentHash === headerText(headers, 'x-ops-content-hash');
  const canonical = canonicalString(protocol, {
    method: request.method,
    path: canonicalPath(request.path),
    contentHash,
    timestamp,
    user: name,
    apiVersion: headerText(headers, 'x-ops-server-api-version') || '0',
  });
  const signature = joinAuthorization(headers);
  const signer = candidates.find(({ key }) => isSignatureOf(canonical, signature, protocol, key.publicKey));
  if (!hasSignedBody || signer === undefined) refuse(401, `Invalid signature for user or client '${name}'`);
  return signer.requestor;
}

type Protocol = '1.0' | '1.1' | '1.3';

function protocolOf(sign: string): Protocol {
  const version = /(?:^|;)\s*version=([^;]*)/.exec(sign)?.[1]?.trim();
  if (version === '1.0' || version === '1.1' || version === '1.3') return version;
  return refuse(400, 'Unsupported authentication protocol version');
}

function canonicalString(
  protocol: Protocol,
  parts: {
    readonly method: string;
    readonly path: string;
    readonly contentHash: string;
    readonly timestamp: string;
    readonly user: string;
    readonly apiVersion: string;
  },
): string {
  if (protocol === '1.3') {
    return [
      `Method:${parts.method}`,
      `Path:${parts.path}`,
      `X-Ops-Content-Hash:${parts.contentHash}`,
      'X-Ops-Sign:version=1.3',
      `X-Ops-Timestamp:${parts.timestamp}`,
      `X-Ops-UserId:${parts.user}`,
      `X-Ops-Server-API-Version:${parts.apiVersion}`,
    ].join('\n');
  }
  return [
    `Method:${parts.method}`,
    `Hashed Path:${digest('sha1', parts.path)}`,
    `X-Ops-Content-Hash:${parts.contentHash}`,
    `X-Ops-Timestamp:${parts.timestamp}`,
    `X-Ops-UserId:${protocol === '1.1' ? digest('sha1', parts.user) : parts.user}`,
  ].join('\n');
}

function isSignatureOf(canonical: string, signature: Buffer, protocol: Protocol, key: KeyObject): boolean {
  const bytes = Buffer.from(canonical);
  try {
    if (protocol === '1.3') return verify('RSA-SHA256', bytes, key, signature);
    return publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature).equals(bytes);
  } catch {
    // Bytes that are no RSA signature at all make OpenSSL throw.
    return false;
  }
}

/** The headers `X-Ops-Authorization-1` … `-N`, joined up to the first gap. */
function joinAuthorization(headers: IncomingHttpHeaders): Buffer {
  let joined = '';
  for (let index = 1; ; index += 1) {
    const part = headerText(headers, `x-ops-authorization-${index}`);
    if (part === '') return Buffer.from(joined, 'base64');
    joined += part;
  }
}

function isTimestampNear(timestamp: string, nowMs: number): boolean {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(timestamp)) return false;
  return Math.abs(Date.parse(timestamp) - nowMs) < clockSkewMs;
}

function canonicalPath(path: string): string {
  const collapsed = path.replace(/\/+/g, '/');
  return collapsed.length > 1 && collapsed.endsWith('/') ? collapsed.slice(0, -1) : collapsed;
}

function headerText(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function digest(algorithm: 'sha1' | 'sha256', content: string | Buffer): string {
  return hash(algorithm, content, 'base64');
}
