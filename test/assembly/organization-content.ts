import type { OrganizationHandle } from '../../lib/local/sandbox-chef-server/organization-handle.ts';
import type { FakeChefServer } from '../support/fake-chef-server.ts';

/** Puts some objects of every kind into an organization: 21, with two data bags. */
export function fill(organization: OrganizationHandle): void {
  for (let n = 0; n < 12; n += 1) organization.putRole(`role-${n}`, { description: `role ${n}` });
  organization.putEnvironment('production', { description: 'live' });
  for (const id of ['ann', 'bob', 'eve']) organization.putItem('users', id, { id, shell: '/bin/sh' });
  organization.putItem('lists', 'mail', { id: 'mail' });
  organization.putCookbook('apt', '1.0.0', { files: { 'recipes/default.rb': 'package "apt"\n' } });
  organization.putCookbook('apt', '1.1.0', { files: { 'recipes/default.rb': 'package "apt" # 1.1\n' } });
}

/** What can be compared of an organization; feeds and times differ. */
export function contentOf(server: FakeChefServer, organization = 'acme') {
  const { roles, environments, dataBags, cookbooks } = server.organization(organization).dump();
  return { roles, environments, dataBags, cookbooks };
}
