import { z } from 'zod';
import type { Side } from '../model/side.ts';
import type { ApiAnswer } from './api-request.ts';
import type { ChefServer } from './chef-server.ts';
import { jsonObject, unexpected } from './org-requests.ts';
import { createUser, type Denied, denied, hasUser, isSignedBy, type UserAccounts } from './user-accounts.ts';

/** {@link UserAccounts} of a server without organizations, such as goiardi: one key each, and rights are the user's own. */
export interface FlatUserAccounts extends UserAccounts {
  /** Whether the user may write; one that is no admin may read everything. */
  isAdmin(user: string): Promise<boolean>;
  makeAdmin(user: string): Promise<'made' | Denied>;
}

const flatUser = z.object({ admin: z.boolean() });

/** The users of a server without organizations. New ones are no admins. */
export function createFlatUserAccounts(server: ChefServer, side: Side): FlatUserAccounts {
  const isAdmin = async (user: string): Promise<boolean> => {
    const answer = await server.send({ side, method: 'GET', path: `/users/${user}` });
    const read = flatUser.safeParse(jsonObject(answer));
    if (!read.success) throw unexpected(answer, 'a user of a server without organizations');
    return read.data.admin;
  };
  const change = async (user: string, fields: object): Promise<ApiAnswer> => {
    const body = JSON.stringify({ name: user, ...fields });
    return await server.send({ side, method: 'PUT', path: `/users/${user}`, body, accepts: [403] });
  };
  return {
    hasOneKeyPerUser: true,
    has: (user) => hasUser(server, side, user),
    isSignedBy: (user) => isSignedBy(server, side, user),
    create: (name, publicKeyPem) => createUser(server, side, { name, admin: false, public_key: publicKeyPem }),
    keys: async () => [],
    async addKey(user, _name, publicKeyPem) {
      // A PUT without it would take the right to write away.
      const answer = await change(user, { admin: await isAdmin(user), public_key: publicKeyPem });
      return answer.status === 403 ? denied(answer) : 'added';
    },
    removeKey: async () => 'removed',
    isAdmin,
    async makeAdmin(user) {
      const answer = await change(user, { admin: true });
      return answer.status === 403 ? denied(answer) : 'made';
    },
  };
}
