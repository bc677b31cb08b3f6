import type { Server } from 'node:http';

/** The servers take any region and any credentials; clients refuse to start without. */
export const REGION = 'eu-west-1';

/** The account of everything that is local. */
export const ACCOUNT = '000000000000';

/** One call as a server saw it, in the words of IAM: a batch counts as what it is a batch of. */
export interface AwsCall {
  /** The access key with which the call was signed; a function's is its name. */
  readonly caller: string;
  /** As `sqs:SendMessage`. */
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** Of a call of KMS that a service made in the caller's name: the service, as `kms:ViaService` has it. */
  readonly viaService?: string;
}

/** Told of every call before it is answered. */
export type CallListener = (call: AwsCall) => void;

/** ARN of something in this region and account. */
export const localArn = (service: string, resource: string): string =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** Who signed a request, from its `Authorization`: `AWS4-HMAC-SHA256 Credential=ACCESS-KEY/DATE/…`. */
export const callerOf = (authorization: string | undefined): string =>
  /Credential=([^/]+)\//.exec(authorization ?? '')?.[1] ?? 'nobody';

/** Text of a member of a request's body; empty when it has none. */
export const textOf = (body: unknown, member: string): string => {
  const value = typeof body === 'object' && body !== null ? new Map(Object.entries(body)).get(member) : undefined;
  return typeof value === 'string' ? value : '';
};

/** See {@link REGION}. */
export const ANY_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Address of a server that listens on a port of 127.0.0.1. */
export function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return `http://127.0.0.1:${address.port}`;
}
