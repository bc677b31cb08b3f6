import type { OrganizationMembership } from './organization-membership.ts';
import type { User } from './users.ts';

/**
 * What a test gives a user in an organization: `not associated`; `none`, a member without any right; `reader`, a member
 * whom the access lists let read everything; `member`, who is in the group `users`; `admin`, who is also in `admins`.
 */
export type OrganizationRights = 'not associated' | 'none' | 'reader' | 'member' | 'admin';

/**
 * Gives a user exactly these rights in an organization, whatever they had there. A superuser is in `admins` and `users`
 * of every organization, member or not, as whoever makes one.
 */
export function giveRights(membership: OrganizationMembership, user: User, rights: OrganizationRights): void {
  membership.forget(user);
  if (user.isSuperuser) for (const name of ['admins', 'users']) membership.groups.get(name)?.users.add(user.name);
  if (rights === 'not associated') return;
  membership.associate(user);
  if (rights === 'none' || rights === 'reader') membership.groups.get('users')?.groups.delete(user.id);
  if (rights === 'reader') membership.readers.add(user.name);
  if (rights === 'admin') membership.groups.get('admins')?.users.add(user.name);
}
