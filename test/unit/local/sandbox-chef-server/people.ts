import { z } from 'zod';
import { type FakeChefServer, startFakeChefServer } from '../../../support/fake-chef-server.ts';
import { type ReceivedAnswer, type SignedRequestOptions, send } from './signed-request.ts';

export type Caller = (
  method: string,
  path: string,
  body?: unknown,
  options?: SignedRequestOptions,
) => Promise<ReceivedAnswer>;

/** A server with the organization `acme`, its admin `sync`, and the superuser `pivotal`. */
export interface ServerOfPeople extends FakeChefServer {
  /** Calls as the superuser. */
  readonly pivotal: Caller;
  /** Calls as any other. */
  as(user: string, keyPem?: string): Caller;
}

export async function startServerOfPeople(now?: () => number): Promise<ServerOfPeople> {
  const server = await startFakeChefServer(now ? { now } : {});
  server.addUser('pivotal', { isSuperuser: true });
  const as =
    (user: string, keyPem = server.keyPem): Caller =>
    (method, path, body, options) =>
      send(server, method, path, { user, keyPem, ...(body === undefined ? {} : { body }), ...options });
  return { ...server, pivotal: as('pivotal'), as };
}

/** The body that makes a user; `create_key` unless it brings a key of its own. */
export function newUser(username: string, more: object = { create_key: true }): object {
  const email = `${username}@example.com`;
  return { username, display_name: username, email, password: 'secret1', ...more };
}

const withPrivateKey = z.object({ private_key: z.string() });
const withChefKey = z.object({ chef_key: withPrivateKey });

/** The private key in an answer that made one, under `chef_key` or beside it. */
export function privateKeyOf({ json }: ReceivedAnswer): string {
  const embedded = withChefKey.safeParse(json);
  return (embedded.data?.chef_key ?? withPrivateKey.parse(json)).private_key;
}
