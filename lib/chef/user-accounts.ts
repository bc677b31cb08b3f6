import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Side } from '../model/side.ts';
import type { ApiAnswer } from './api-request.ts';
import type { ChefServer } from './chef-server.ts';
import { serverWords } from './failures.ts';
import { keyFingerprint } from './key-pair.ts';
import { isMissingObject, jsonArray, jsonObject, refused, unexpected } from './org-requests.ts';

/** A public key that a server has of a user. */
export interface UserKey {
  readonly name: string;
  /** As `keyFingerprint`. */
  readonly fingerprint: string;
}

/** The actor may not do that (403), in the server's words. */
export interface Denied {
  readonly denied: string;
}

/** Whether the server answered that the actor may not. */
export const isDenied = (answer: unknown): answer is Denied =>
  typeof answer === 'object' && answer !== null && 'denied' in answer;

/**
 * The users of a server, as one actor of it sees them. What the actor may not do is an answer; any other failure is thrown as a
 * ChefRequestError.
 */
export interface UserAccounts {
  /** True on a server that keeps one key per user: adding a key replaces it there. */
  readonly hasOneKeyPerUser: boolean;
  has(user: string): Promise<boolean>;
  /** Whether the server takes the actor for that user, by its signature. */
  isSignedBy(user: string): Promise<boolean>;
  /** Makes a user whose only key is this one, with a random password that nobody knows. */
  create(user: string, publicKeyPem: string): Promise<'created' | 'exists' | Denied>;
  keys(user: string): Promise<readonly UserKey[] | Denied>;
  addKey(user: string, name: string, publicKeyPem: string): Promise<'added' | Denied>;
  /** A key that is gone already counts as removed. */
  removeKey(user: string, name: string): Promise<'removed' | Denied>;
}

const keyList = z.array(z.object({ name: z.string().min(1) }));
const namedKey = z.object({ public_key: z.string() });

/** The users of a Chef server with organizations (Chef Server 12.1 and newer: keys have names there). */
export function createUserAccounts(server: ChefServer, side: Side): UserAccounts {
  return {
    hasOneKeyPerUser: false,
    has: (user) => hasUser(server, side, user),
    isSignedBy: (user) => isSignedBy(server, side, user),
    create: (user, publicKeyPem) =>
      createUser(server, side, {
        username: user,
        display_name: 'Chef Sync',
        first_name: 'Chef',
        last_name: 'Sync',
        // Every user needs an address of its own; no mail is ever delivered to this top-level domain (RFC 2606).
        email: `${user}@chef-sync.invalid`,
        public_key: publicKeyPem,
      }),
    async keys(user) {
      const answer = await server.send({ side, method: 'GET', path: `/users/${user}/keys`, accepts: [403] });
      if (answer.status === 403) return denied(answer);
      const list = keyList.safeParse(jsonArray(answer));
      if (!list.success) throw unexpected(answer, 'a list of keys');
      const keys: UserKey[] = [];
      for (const { name } of list.data) {
        const path = `/users/${user}/keys/${name}`;
        const read = await server.send({ side, method: 'GET', path, accepts: [404] });
        // Removed since the list was read.
        if (read.status === 404) continue;
        const key = namedKey.safeParse(jsonObject(read));
        if (!key.success) throw unexpected(read, 'a public key');
        keys.push({ name, fingerprint: keyFingerprint(key.data.public_key) });
      }
      return keys;
    },
    async addKey(user, name, publicKeyPem) {
      const body = JSON.stringify({ name, public_key: publicKeyPem, expiration_date: 'infinity' });
      const path = `/users/${user}/keys`;
      const answer = await server.send({ side, method: 'POST', path, body, accepts: [403, 409] });
      if (answer.status === 403) return denied(answer);
      // An earlier try of this very request arrived after all.
      if (answer.status === 409 && !answer.wasRetried) throw refused(answer);
      return 'added';
    },
    async removeKey(user, name) {
      const path = `/users/${user}/keys/${name}`;
      const answer = await server.send({ side, method: 'DELETE', path, accepts: [403, 404] });
      return answer.status === 403 ? denied(answer) : 'removed';
    },
  };
}

/** The server's refusal as an answer. */
export const denied = (answer: ApiAnswer): Denied => ({ denied: `${answer.status} ${serverWords(answer.text)}` });

/** {@link UserAccounts.has}, the same on every server. */
export async function hasUser(server: ChefServer, side: Side, user: string): Promise<boolean> {
  const answer = await server.send({ side, method: 'GET', path: `/users/${user}`, accepts: [403, 404] });
  if (answer.status === 404) {
    if (!isMissingObject(answer)) throw refused(answer);
    return false;
  }
  // 403: found, but not for this actor to see.
  if (answer.status !== 403) jsonObject(answer);
  return true;
}

/** {@link UserAccounts.isSignedBy}, the same on every server. */
export async function isSignedBy(server: ChefServer, side: Side, user: string): Promise<boolean> {
  const answer = await server.send({ side, method: 'GET', path: `/users/${user}`, accepts: [401] });
  if (answer.status === 401) return false;
  jsonObject(answer);
  return true;
}

/** Makes a user of these fields. Nobody logs in as the synchronizing user; whoever wants to sets another password. */
export async function createUser(
  server: ChefServer,
  side: Side,
  fields: Readonly<Record<string, unknown>>,
): Promise<'created' | 'exists' | Denied> {
  const body = JSON.stringify({ ...fields, password: randomBytes(24).toString('base64url') });
  const answer = await server.send({ side, method: 'POST', path: '/users', body, accepts: [403, 409] });
  if (answer.status === 403) return denied(answer);
  if (answer.status === 409) return 'exists';
  jsonObject(answer);
  return 'created';
}
