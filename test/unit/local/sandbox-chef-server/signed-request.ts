import { constants, createHash, privateEncrypt, sign } from 'node:crypto';
import type { FakeChefServer } from '../../../support/fake-chef-server.ts';

export interface SignedRequestOptions {
  readonly protocol?: '1.0' | '1.1' | '1.3';
  readonly apiVersion?: string;
  readonly user?: string;
  /** The private key to sign with; default: the one that all users made by `addUser` have. */
  readonly keyPem?: string;
  readonly at?: Date;
  /** Sent and signed as it is; an object is sent as JSON. */
  readonly body?: unknown;
  /** Added to the request after signing; an empty text removes the header. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON of the text; undefined when it is none. */
  readonly json: unknown;
}

/** Sends a request signed as the protocol's description says, written apart from the client that the product uses. */
export async function send(
  server: FakeChefServer,
  method: string,
  path: string,
  options: SignedRequestOptions = {},
): Promise<ReceivedAnswer> {
  const { protocol = '1.3', apiVersion = '2', user = server.user, keyPem = server.keyPem, at = new Date() } = options;
  const body = typeof options.body === 'object' ? JSON.stringify(options.body) : String(options.body ?? '');
  const signedPath = path.split('?')[0] ?? '';
  const timestamp = at.toISOString().replace(/\.\d+/, '');
  const algorithm = protocol === '1.3' ? 'sha256' : 'sha1';
  const digest = (text: string) => createHash(algorithm).update(text).digest('base64');
  const canonical =
    protocol === '1.3'
      ? `Method:${method}\nPath:${signedPath}\nX-Ops-Content-Hash:${digest(body)}\nX-Ops-Sign:version=1.3\nX-Ops-Timestamp:${timestamp}\nX-Ops-UserId:${user}\nX-Ops-Server-API-Version:${apiVersion}`
      : `Method:${method}\nHashed Path:${digest(signedPath)}\nX-Ops-Content-Hash:${digest(body)}\nX-Ops-Timestamp:${timestamp}\nX-Ops-UserId:${protocol === '1.1' ? digest(user) : user}`;
  const signature =
    protocol === '1.3'
      ? sign('RSA-SHA256', Buffer.from(canonical), keyPem)
      : privateEncrypt({ key: keyPem, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(canonical));
  const parts = signature.toString('base64').match(/.{1,60}/g) ?? [];

  const headers = new Headers({
    accept: 'application/json',
    'x-chef-version': '16.0.0',
    'x-ops-sign': `algorithm=${algorithm};version=${protocol};`,
    'x-ops-userid': user,
    'x-ops-timestamp': timestamp,
    'x-ops-content-hash': digest(body),
    'x-ops-server-api-version': apiVersion,
  });
  for (const [index, part] of parts.entries()) headers.set(`x-ops-authorization-${index + 1}`, part);
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value === '') headers.delete(name);
    else headers.set(name, value);
  }
  const response = await fetch(server.url + path, { method, headers, ...(body === '' ? {} : { body }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
