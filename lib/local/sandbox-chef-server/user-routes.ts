import { demand, mayChangeUser, mayReadUser, permissionOf } from './access-rights.ts';
import { createActorKey } from './actor-key.ts';
import { type Answer, jsonAnswer, refuse, refuseWithText } from './answer.ts';
import { jsonBody, nameList, type ServerRequest, type ServerRoute } from './api-request.ts';
import { requiredText } from './check-fields.ts';
import { invitationDocument } from './invitation-document.ts';
import { defaultKey, generatedKey, readKeyMaterial, readKeyMaterialV0, refuseKeyMaterial } from './key-document.ts';
import type { OrganizationStore } from './organization-store.ts';
import { readUser, userDocument } from './user-document.ts';
import { createUser, type User } from './users.ts';

/** The users of the server, and what a user sees of organizations. */
export const userRoutes: readonly ServerRoute[] = [
  {
    path: 'users',
    GET: (request) => {
      demand(request.requestor.isSuperuser, 'read');
      return jsonAnswer(200, nameList(request.directory.users.keys(), `${request.origin}/users`));
    },
    POST: postUser,
  },
  {
    path: 'users/:name',
    GET: (request, name) => {
      const user = storedUser(request, name);
      const memberships = [...request.directory.organizations.values()].map(({ membership }) => membership);
      demand(mayReadUser(request.requestor, user, memberships), 'read');
      return jsonAnswer(200, JSON.stringify(userDocument(user, request.apiVersion)));
    },
    PUT: putUser,
    DELETE: (request, name) => {
      const user = changeableUser(request, name);
      request.directory.removeUser(name);
      return jsonAnswer(200, JSON.stringify(userDocument(user, request.apiVersion)));
    },
  },
  {
    path: 'users/:name/organizations',
    GET: (request, name) => {
      const user = storedUser(request, name);
      const { requestor, directory } = request;
      const memberships = [...directory.organizations.values()];
      demand(
        mayReadUser(
          requestor,
          user,
          memberships.map(({ membership }) => membership),
        ),
        'read',
      );
      const seen = memberships.filter(
        ({ membership }) =>
          membership.users.has(name) && (mayChangeUser(requestor, user) || membership.users.has(requestor.name)),
      );
      return jsonAnswer(200, JSON.stringify(seen.map(organizationDocument)));
    },
  },
  {
    path: 'users/:name/association_requests',
    GET: (request, name) => {
      demand(mayChangeUser(request.requestor, storedUser(request, name)), 'read');
      const invitations = invitationsOf(request, name).map(([id, { name: orgname }]) => ({ id, orgname }));
      return jsonAnswer(200, JSON.stringify(invitations));
    },
  },
  {
    path: 'users/:name/association_requests/count',
    GET: (request, name) => {
      demand(mayChangeUser(request.requestor, storedUser(request, name)), 'read');
      return jsonAnswer(200, JSON.stringify({ value: invitationsOf(request, name).length }));
    },
  },
  { path: 'users/:name/association_requests/:id', PUT: answerInvitation },
];

/** The user of this name; refuses with 404 where there is none. */
export function storedUser({ directory }: ServerRequest, name: string): User {
  return directory.users.get(name) ?? refuseWithText(404, `Could not find user ${name}`);
}

async function postUser(request: ServerRequest): Promise<Answer> {
  const { directory, apiVersion, origin } = request;
  const body = jsonBody(request);
  const material =
    apiVersion === 0 ? ((await readKeyMaterialV0(body)) ?? (await generatedKey())) : await readKeyMaterial(body);
  const { name, profile } = readUser(body, true);
  demand(request.requestor.isSuperuser, 'create');
  const { email } = profile;
  const isTaken =
    directory.users.has(name) || [...directory.users.values()].some((user) => user.profile.email === email);
  if (isTaken) refuse(409, 'Username or email address already in use.');

  const uri = `${origin}/users/${name}`;
  const made = material && defaultKey(material, `${uri}/keys`);
  directory.users.set(name, createUser(name, made ? [made.key] : [], { profile }));
  const keyPart = apiVersion === 0 ? { private_key: material?.privateKey } : { chef_key: made?.chefKey };
  return jsonAnswer(201, JSON.stringify({ uri, ...keyPart }), { location: uri });
}

async function putUser(request: ServerRequest, name: string): Promise<Answer> {
  const { directory, apiVersion, origin } = request;
  const body = jsonBody(request);
  if (apiVersion > 0) refuseKeyMaterial(body);
  const material = apiVersion === 0 ? await readKeyMaterialV0(body) : undefined;
  const { name: newName, profile } = readUser(body, false);
  const user = changeableUser(request, name);
  const isTaken = [...directory.users.values()].some(
    (other) => other.name !== name && (other.name === newName || other.profile.email === profile.email),
  );
  if (isTaken) refuse(409, `User '${newName}' already exists`);

  if (material) user.keys.set('default', createActorKey('default', material.publicKeyPem));
  directory.users.delete(name);
  directory.users.set(newName, { ...user, name: newName, profile: { ...user.profile, ...profile } });
  const uri = `${origin}/users/${newName}`;
  const answer = JSON.stringify({ uri, private_key: material?.privateKey });
  if (newName === name) return jsonAnswer(200, answer);
  for (const { membership } of directory.organizations.values()) membership.renameUser(name, newName);
  return jsonAnswer(201, answer, { location: uri });
}

function changeableUser(request: ServerRequest, name: string): User {
  const user = storedUser(request, name);
  demand(mayChangeUser(request.requestor, user), permissionOf(request.method));
  return user;
}

/** Accepts or rejects an invitation; either way it is gone. */
function answerInvitation(request: ServerRequest, name: string, id: string): Answer {
  const response = requiredText(jsonBody(request), 'response', /^(?:accept|reject)$/);
  const user = storedUser(request, name);
  demand(mayChangeUser(request.requestor, user), 'update');
  const organization = invitationsOf(request, name).find(([invitation]) => invitation === id)?.[1];
  if (organization === undefined) return refuseWithText(404, `Cannot find association request: ${id}`);

  const { membership } = organization;
  membership.invitations.delete(id);
  if (response === 'accept') {
    if (membership.users.has(name)) refuseWithText(409, 'The association already exists.');
    membership.associate(user);
  }
  return jsonAnswer(200, JSON.stringify(invitationDocument(id, organization.name, name)));
}

function invitationsOf({ directory }: ServerRequest, user: string): (readonly [string, OrganizationStore])[] {
  return [...directory.organizations.values()].flatMap((organization) =>
    [...organization.membership.invitations]
      .filter(([, invited]) => invited === user)
      .map(([id]) => [id, organization] as const),
  );
}

function organizationDocument({ name, fullName, guid }: OrganizationStore): object {
  return { organization: { name, full_name: fullName, guid } };
}
