import { refuse } from './answer.ts';
import type { GroupMember, OrganizationMembership } from './organization-membership.ts';
import type { User } from './users.ts';

/** Who signed a request, and with which of their keys. */
export interface Requestor extends GroupMember {
  readonly keyName: string;
  readonly isSuperuser: boolean;
}

export type Permission = 'create' | 'read' | 'update' | 'delete';

/** What permissions are given for: the containers of the object kinds, and the organization itself. */
export type Container =
  | 'clients'
  | 'cookbook_artifacts'
  | 'cookbooks'
  | 'data'
  | 'environments'
  | 'groups'
  | 'nodes'
  | 'organization'
  | 'policies'
  | 'policy_groups'
  | 'roles'
  | 'sandboxes';

const all: readonly Permission[] = ['create', 'read', 'update', 'delete'];

/** What the access lists of a new organization give to the group `users` (oc_chef_authz_org_creator.erl). */
const usersMay: Readonly<Record<Container, readonly Permission[]>> = {
  clients: ['read', 'delete'],
  cookbook_artifacts: all,
  cookbooks: all,
  data: all,
  environments: all,
  groups: ['read'],
  nodes: all,
  organization: ['read'],
  policies: all,
  policy_groups: all,
  roles: all,
  sandboxes: ['create'],
};

/** What they give to the group `clients`. */
const clientsMay: Partial<typeof usersMay> = {
  cookbook_artifacts: ['read'],
  cookbooks: ['read'],
  data: ['read'],
  environments: ['read'],
  nodes: ['read', 'create'],
  policies: ['read'],
  policy_groups: ['read'],
  roles: ['read'],
};

const permissionOfMethod: Readonly<Record<string, Permission>> = { POST: 'create', PUT: 'update', DELETE: 'delete' };

/** The permission that a method needs where nothing else is said. */
export function permissionOf(method: string): Permission {
  return permissionOfMethod[method] ?? 'read';
}

/**
 * Whether the access lists let someone do something. They are those of a new organization: of a container, and so of
 * every object made in it; lists of single objects are not simulated.
 */
export function isPermitted(
  membership: OrganizationMembership,
  requestor: Requestor,
  container: Container,
  permission: Permission,
): boolean {
  if (requestor.isSuperuser || membership.isInGroup(requestor, 'admins')) return true;
  if (permission === 'read' && requestor.kind === 'user' && membership.readers.has(requestor.name)) return true;
  return (
    (membership.isInGroup(requestor, 'users') && usersMay[container].includes(permission)) ||
    (membership.isInGroup(requestor, 'clients') && (clientsMay[container]?.includes(permission) ?? false))
  );
}

/** Ends the request with 403 unless it is allowed. */
export function demand(isAllowed: boolean, permission: Permission): void {
  if (!isAllowed) refuse(403, `missing ${permission} permission`);
}

/** Whether someone may change a user: the user and the superuser only. */
export function mayChangeUser(requestor: Requestor, user: User): boolean {
  return requestor.isSuperuser || (requestor.kind === 'user' && requestor.name === user.name);
}

/** Whether someone may see a user: also whoever is in one of the groups of an organization that the user belongs to. */
export function mayReadUser(requestor: Requestor, user: User, memberships: Iterable<OrganizationMembership>): boolean {
  if (mayChangeUser(requestor, user)) return true;
  return [...memberships].some(
    (membership) =>
      membership.users.has(user.name) && ['admins', 'users'].some((group) => membership.isInGroup(requestor, group)),
  );
}
