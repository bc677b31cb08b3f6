import { demand, isPermitted, mayReadUser } from './access-rights.ts';
import { jsonAnswer, refuseWithText } from './answer.ts';
import { type ApiRequest, demandPermission, jsonBody, type Route } from './api-request.ts';
import { requiredText } from './check-fields.ts';
import { invitationDocument } from './invitation-document.ts';
import { userDocument } from './user-document.ts';
import type { User } from './users.ts';

const anyText = /^/;

/** Which users belong to an organization, and which are invited. */
export const associationRoutes: readonly Route[] = [
  {
    path: 'users',
    GET: (request) => {
      demandPermission(request, 'organization');
      const names = [...request.organization.membership.users].sort();
      return jsonAnswer(200, JSON.stringify(names.map((username) => ({ user: { username } }))));
    },
    POST: (request) => {
      const user = knownUser(request, requiredText(jsonBody(request), 'username', anyText));
      demand(request.requestor.isSuperuser, 'create');
      const { membership } = request.organization;
      if (membership.users.has(user.name)) refuseWithText(409, 'The association already exists.');
      membership.associate(user);
      const uri = `${request.organizationUrl}/users/${user.name}`;
      return jsonAnswer(201, JSON.stringify({ uri }), { location: uri });
    },
  },
  {
    path: 'users/:name',
    GET: (request, name) => {
      const user = memberNamed(request, name);
      demandPermission(request, 'organization');
      demand(mayReadUser(request.requestor, user, [request.organization.membership]), 'read');
      return jsonAnswer(200, JSON.stringify(userDocument(user, request.apiVersion)));
    },
    DELETE: (request, name) => {
      const { organization, requestor } = request;
      const user = memberNamed(request, name);
      const isSelf = requestor.kind === 'user' && requestor.name === name;
      demand(isSelf || isPermitted(organization.membership, requestor, 'organization', 'update'), 'update');
      if (organization.membership.isInGroup({ kind: 'user', name }, 'admins')) {
        refuseWithText(
          403,
          `Please remove ${name} from this organization's admins group before removing him or her from the organization.`,
        );
      }
      organization.membership.dissociate(user);
      return jsonAnswer(200, JSON.stringify(userDocument(user, request.apiVersion)));
    },
  },
  {
    path: 'association_requests',
    GET: (request) => {
      demandPermission(request, 'organization');
      const invitations = [...request.organization.membership.invitations];
      return jsonAnswer(200, JSON.stringify(invitations.map(([id, username]) => ({ id, username }))));
    },
    POST: (request) => {
      const { membership, name } = request.organization;
      const user = knownUser(request, requiredText(jsonBody(request), 'user', anyText));
      demand(isPermitted(membership, request.requestor, 'organization', 'update'), 'create');
      if (membership.users.has(user.name)) refuseWithText(409, 'The association already exists.');
      if ([...membership.invitations.values()].includes(user.name)) refuseWithText(409, 'The invite already exists.');
      const uri = `${request.organizationUrl}/association_requests/${membership.invite(user.name)}`;
      const body = {
        uri,
        organization_user: { username: request.requestor.name },
        organization: { name },
        user: { email: user.profile.email, first_name: user.profile.first_name },
      };
      return jsonAnswer(201, JSON.stringify(body), { location: uri });
    },
  },
  {
    path: 'association_requests/:id',
    DELETE: (request, id) => {
      const { membership, name } = request.organization;
      const user = membership.invitations.get(id);
      if (user === undefined) return refuseWithText(404, `Cannot find association request: ${id}`);
      demand(isPermitted(membership, request.requestor, 'organization', 'update'), 'delete');
      membership.invitations.delete(id);
      return jsonAnswer(200, JSON.stringify(invitationDocument(id, name, user)));
    },
  },
];

function knownUser({ directory }: ApiRequest, name: string): User {
  return directory.users.get(name) ?? refuseWithText(404, `Could not find user ${name}`);
}

function memberNamed(request: ApiRequest, name: string): User {
  const user = knownUser(request, name);
  if (request.organization.membership.users.has(name)) return user;
  return refuseWithText(404, `Cannot find a user ${name} in organization ${request.organization.name}`);
}
