import { demand, isPermitted, type Permission, permissionOf } from './access-rights.ts';
import { type Answer, jsonAnswer, refuse, refuseWithText } from './answer.ts';
import { type ApiRequest, jsonBody, nameList, type Route } from './api-request.ts';
import { lowerCaseName } from './chef-names.ts';
import { isObject, type JsonObject, member, withMember, writeJson } from './json-text.ts';
import type { Group } from './organization-membership.ts';

/** Groups that decide about rights have access lists of their own: `users` may not even read them. */
const groupsOfAdmins = ['admins', 'clients', 'users', 'public_key_read_access'];

export const groupRoutes: readonly Route[] = [
  {
    path: 'groups',
    container: 'groups',
    GET: ({ organization, organizationUrl }) =>
      jsonAnswer(200, nameList(organization.membership.groups.keys(), `${organizationUrl}/groups`)),
    POST: (request) => {
      const { membership } = request.organization;
      const name = groupName(jsonBody(request)) ?? refuse(400, 'Invalid group name.');
      if (membership.groups.has(name)) refuse(409, 'Group already exists');
      // Members in the body have no effect: they are put afterwards.
      membership.addGroup(name);
      const uri = `${request.organizationUrl}/groups/${name}`;
      return jsonAnswer(201, JSON.stringify({ uri }), { location: uri });
    },
  },
  {
    path: 'groups/:name',
    GET: (request, name) => jsonAnswer(200, groupText(request, name, storedGroup(request, name))),
    PUT: putGroup,
    DELETE: (request, name) => {
      const text = groupText(request, name, storedGroup(request, name));
      request.organization.membership.removeGroup(name);
      return jsonAnswer(200, text);
    },
  },
];

/**
 * Replaces the members that the nested form `actors` names, kind by kind. Names that the server does not know are dropped
 * without a word, and lists outside `actors` have no effect; the answer repeats the request all the same.
 */
function putGroup(request: ApiRequest, name: string): Answer {
  const body = jsonBody(request);
  const newName = groupName(body) ?? name;
  const group = storedGroup(request, name);
  const { membership } = request.organization;
  if (newName !== name && membership.groups.has(newName)) refuseWithText(409, 'Group already exists');

  const actors = member(body, 'actors');
  if (isObject(actors)) {
    replaceMembers(group.users, actors, 'users', (user) => request.directory.users.has(user));
    replaceMembers(group.clients, actors, 'clients', (client) => membership.clients.has(client));
    replaceMembers(group.groups, actors, 'groups', (inner) => membership.groups.has(inner));
  }
  if (newName === name) return jsonAnswer(200, writeJson(body));
  membership.renameGroup(name, newName);
  const uri = `${request.organizationUrl}/groups/${newName}`;
  return jsonAnswer(201, writeJson(withMember(body, 'uri', uri)), { location: uri });
}

function replaceMembers(
  members: Set<string>,
  actors: JsonObject,
  kind: string,
  isKnown: (name: string) => boolean,
): void {
  const names = member(actors, kind);
  if (!Array.isArray(names)) return;
  members.clear();
  for (const name of names) if (typeof name === 'string' && isKnown(name)) members.add(name);
}

/** The name in a body, undefined when it holds none; refuses one that no group may have. */
function groupName(body: JsonObject): string | undefined {
  const name = member(body, 'id') ?? member(body, 'groupname');
  if (name === undefined) return undefined;
  return typeof name === 'string' && lowerCaseName.test(name) ? name : refuse(400, 'Invalid group name.');
}

/** The group, once it is sure that the requestor may use the method on it. */
function storedGroup(request: ApiRequest, name: string): Group {
  const group = request.organization.membership.groups.get(name);
  if (group === undefined) return refuse(404, `Cannot load group ${name}`);
  // The server reads the group before it looks at the method, and says another text when that fails.
  if (!mayUseGroup(request, name, 'read')) refuse(403, `No permission for group ${name}`);
  const permission = permissionOf(request.method);
  demand(mayUseGroup(request, name, permission), permission);
  return group;
}

function mayUseGroup({ organization, requestor }: ApiRequest, name: string, permission: Permission): boolean {
  const { membership } = organization;
  if (requestor.isSuperuser) return true;
  if (name === 'billing-admins') {
    return (permission === 'read' || permission === 'update') && membership.isInGroup(requestor, 'billing-admins');
  }
  if (!groupsOfAdmins.includes(name)) return isPermitted(membership, requestor, 'groups', permission);
  const isAllowed = permission === 'read' || permission === 'update' || name !== 'public_key_read_access';
  return isAllowed && membership.isInGroup(requestor, 'admins');
}

function groupText({ organization }: ApiRequest, name: string, group: Group): string {
  const [users, clients, groups] = [group.users, group.clients, group.groups].map((names) => [...names].sort());
  return JSON.stringify({
    actors: [...(clients ?? []), ...(users ?? [])],
    users,
    clients,
    groups,
    orgname: organization.name,
    name,
    groupname: name,
  });
}
