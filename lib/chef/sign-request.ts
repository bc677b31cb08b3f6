import { constants, createHash, createPrivateKey, type KeyObject, privateEncrypt, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { SyncError } from '../model/sync-error.ts';

/** Versions of Chef's signing protocol that clients send. 1.3 needs Chef Server 12.4 or newer; older servers take 1.1 and 1.0. */
export type SigningProtocol = '1.0' | '1.1' | '1.3';

/** Who signs: a user or client of the server, with the key object prepared once for all requests. */
export interface SigningKey {
  readonly user: string;
  readonly protocol: SigningProtocol;
  readonly privateKey: KeyObject;
}

/** The parts of a request that a signature covers. */
export interface RequestToSign {
  readonly method: string;
  /** Path on the wire, without the query: servers leave it out of the signature. */
  readonly path: string;
  /** Exactly the bytes that are sent, in UTF-8; empty without a body. */
  readonly body: string;
  /** UTC, `2009-01-01T12:00:00Z`: the server refuses milliseconds and offsets. */
  readonly timestamp: string;
  /** Value of the request's `X-Ops-Server-API-Version`. */
  readonly apiVersion: string;
}

const signAsync = promisify(sign);
/** Servers read the signature from numbered headers of this many characters. */
const SIGNATURE_LINE_LENGTH = 60;
/** Hashes of the empty body: most requests are reads. */
const EMPTY_BODY_HASH = { sha1: hashOf('sha1', ''), sha256: hashOf('sha256', '') } as const;

function hashOf(algorithm: 'sha1' | 'sha256', text: string): string {
  return createHash(algorithm).update(text).digest('base64');
}

function bodyHash(protocol: SigningProtocol, body: string): string {
  const algorithm = protocol === '1.3' ? 'sha256' : 'sha1';
  return body === '' ? EMPTY_BODY_HASH[algorithm] : hashOf(algorithm, body);
}

/** Reads a PEM key (PKCS#1 or PKCS#8). Throws a SyncError that never shows any of it. */
export function readSigningKey(user: string, pem: string, protocol: SigningProtocol = '1.3'): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    throw unusableKey(user, 'is no private key in PEM form, or is protected by a passphrase');
  }
  if (privateKey.asymmetricKeyType !== 'rsa')
    throw unusableKey(user, 'is not an RSA key, the only kind Chef servers take');
  return { user, protocol, privateKey };
}

function unusableKey(user: string, problem: string): SyncError {
  return new SyncError(`The key of user ${user} ${problem}; give the file that the Chef server made for that user.`, {
    code: 'KEY_UNUSABLE',
    scope: 'endpoint',
    retry: 'never',
  });
}

/** The path as signatures spell it: runs of `/` collapse to one, and a trailing one goes unless it is the whole path. */
export function canonicalPath(path: string): string {
  const collapsed = path.replace(/\/{2,}/g, '/');
  return collapsed.length > 1 && collapsed.endsWith('/') ? collapsed.slice(0, -1) : collapsed;
}

/** The text that is signed: lines joined with LF, none at the end. */
export function canonicalRequest(protocol: SigningProtocol, user: string, request: RequestToSign): string {
  const path = canonicalPath(request.path);
  const hash = bodyHash(protocol, request.body);
  const method = `Method:${request.method.toUpperCase()}`;
  if (protocol === '1.3') {
    return [
      method,
      `Path:${path}`,
      `X-Ops-Content-Hash:${hash}`,
      'X-Ops-Sign:version=1.3',
      `X-Ops-Timestamp:${request.timestamp}`,
      `X-Ops-UserId:${user}`,
      `X-Ops-Server-API-Version:${request.apiVersion}`,
    ].join('\n');
  }
  return [
    method,
    `Hashed Path:${hashOf('sha1', path)}`,
    `X-Ops-Content-Hash:${hash}`,
    `X-Ops-Timestamp:${request.timestamp}`,
    `X-Ops-UserId:${protocol === '1.1' ? hashOf('sha1', user) : user}`,
  ].join('\n');
}

/**
 * The headers that authenticate a request. With protocol 1.3 the RSA work is done off the main thread, so that several cores sign at
 * once; 1.0 and 1.1 need the raw RSA operation, which Node offers only on the main thread.
 */
export async function signRequest(key: SigningKey, request: RequestToSign): Promise<Record<string, string>> {
  const text = Buffer.from(canonicalRequest(key.protocol, key.user, request));
  const signature = (
    key.protocol === '1.3'
      ? await signAsync('RSA-SHA256', text, key.privateKey)
      : privateEncrypt({ key: key.privateKey, padding: constants.RSA_PKCS1_PADDING }, text)
  ).toString('base64');
  const headers: Record<string, string> = {
    'X-Ops-Sign': `algorithm=${key.protocol === '1.3' ? 'sha256' : 'sha1'};version=${key.protocol};`,
    'X-Ops-Userid': key.user,
    'X-Ops-Timestamp': request.timestamp,
    'X-Ops-Content-Hash': bodyHash(key.protocol, request.body),
    'X-Ops-Server-API-Version': request.apiVersion,
  };
  for (let start = 0, line = 1; start < signature.length; start += SIGNATURE_LINE_LENGTH, line += 1) {
    headers[`X-Ops-Authorization-${line}`] = signature.slice(start, start + SIGNATURE_LINE_LENGTH);
  }
  return headers;
}

/** The timestamp form of signatures. */
export function signatureTimestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}
