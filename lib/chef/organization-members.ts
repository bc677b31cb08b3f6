import { z } from 'zod';
import type { Side } from '../model/side.ts';
import type { ChefServer } from './chef-server.ts';
import { createOrgRequests, isMissingObject, jsonArray, jsonObject, refused, unexpected } from './org-requests.ts';
import { type Denied, denied } from './user-accounts.ts';

/** An organization as its server describes it. */
export interface OrganizationFacts {
  readonly name: string;
  readonly fullName: string;
  readonly guid: string | undefined;
}

/** Who is in a group, by name. */
export interface GroupMembers {
  readonly users: readonly string[];
  readonly clients: readonly string[];
  readonly groups: readonly string[];
}

/** The members and groups of one organization, as one actor of the server sees them. Failures as with `UserAccounts`. */
export interface OrganizationMembers {
  read(): Promise<OrganizationFacts | 'missing' | Denied>;
  has(user: string): Promise<boolean>;
  /** Makes the user a member at once, which only the superuser may. */
  associate(user: string): Promise<'associated' | Denied>;
  /** Invites the user; one who was invited before stays so. */
  invite(user: string): Promise<'invited' | Denied>;
  /** As the user itself: accepts the invitation to this organization. */
  acceptInvitation(user: string): Promise<'accepted' | 'not invited' | Denied>;
  /** Without personal ones. */
  groupNames(): Promise<readonly string[] | Denied>;
  group(name: string): Promise<GroupMembers | Denied>;
  /** Replaces a group's members. The server leaves out those it does not know, without saying so: read it back. */
  replaceGroup(name: string, members: GroupMembers): Promise<'replaced' | Denied>;
}

const organizationAnswer = z.object({ name: z.string(), full_name: z.string(), guid: z.string().min(1).optional() });
// In no order: servers keep sets.
const names = z.array(z.string()).transform((all) => all.toSorted());
const groupAnswer = z.object({ users: names, clients: names, groups: names });
const invitations = z.array(z.object({ id: z.string().min(1), orgname: z.string() }));
/** Each member of an organization has a group of its own, called by an id; nobody made it or wants to see it. */
export const isPersonalGroup = (name: string): boolean => /^[0-9a-f]{32}$/.test(name);

/** The members of an organization of a Chef server with organizations. */
export function createOrganizationMembers(server: ChefServer, organization: string, side: Side): OrganizationMembers {
  const org = createOrgRequests(server, organization, side);
  return {
    async read() {
      const answer = await org.send({ method: 'GET', path: '', accepts: [403, 404] });
      if (answer.status === 403) return denied(answer);
      if (answer.status === 404) {
        // Only the API itself knows its organizations; a wrong URL answers with another 404.
        jsonObject(answer);
        return 'missing';
      }
      const read = organizationAnswer.safeParse(jsonObject(answer));
      if (!read.success) throw unexpected(answer, 'an organization');
      return { name: read.data.name, fullName: read.data.full_name, guid: read.data.guid };
    },
    async has(user) {
      const answer = await org.send({ method: 'GET', path: `/users/${user}`, accepts: [403, 404] });
      if (answer.status === 404 && !isMissingObject(answer)) throw refused(answer);
      // 403: a member whom this actor may not see; who is none is answered 404 to everybody.
      return answer.status !== 404;
    },
    async associate(username) {
      const body = JSON.stringify({ username });
      const answer = await org.send({ method: 'POST', path: '/users', body, accepts: [403, 409] });
      return answer.status === 403 ? denied(answer) : 'associated';
    },
    async invite(user) {
      const body = JSON.stringify({ user });
      const answer = await org.send({ method: 'POST', path: '/association_requests', body, accepts: [403, 409] });
      return answer.status === 403 ? denied(answer) : 'invited';
    },
    async acceptInvitation(user) {
      const path = `/users/${user}/association_requests`;
      const list = await server.send({ side, method: 'GET', path, accepts: [403] });
      if (list.status === 403) return denied(list);
      const read = invitations.safeParse(jsonArray(list));
      if (!read.success) throw unexpected(list, 'a list of invitations');
      const invitation = read.data.find(({ orgname }) => orgname === organization);
      if (invitation === undefined) return 'not invited';
      const answer = await server.send({
        side,
        method: 'PUT',
        path: `${path}/${invitation.id}`,
        body: JSON.stringify({ response: 'accept' }),
        accepts: [403, 409],
      });
      // 409: a member already.
      return answer.status === 403 ? denied(answer) : 'accepted';
    },
    async groupNames() {
      const answer = await org.send({ method: 'GET', path: '/groups', accepts: [403] });
      if (answer.status === 403) return denied(answer);
      return Object.keys(jsonObject(answer))
        .filter((name) => !isPersonalGroup(name))
        .toSorted();
    },
    async group(name) {
      const answer = await org.send({ method: 'GET', path: `/groups/${name}`, accepts: [403] });
      if (answer.status === 403) return denied(answer);
      const read = groupAnswer.safeParse(jsonObject(answer));
      if (!read.success) throw unexpected(answer, 'a group');
      return read.data;
    },
    async replaceGroup(name, actors) {
      // Of the forms that a GET shows, servers take only this nested one.
      const body = JSON.stringify({ groupname: name, actors });
      const answer = await org.send({ method: 'PUT', path: `/groups/${name}`, body, accepts: [403] });
      return answer.status === 403 ? denied(answer) : 'replaced';
    },
  };
}
