import type { OrganizationStore } from './organization-store.ts';
import type { User } from './users.ts';

/** Every user and organization of the server by name. */
export interface ServerDirectory {
  readonly users: Map<string, User>;
  readonly organizations: Map<string, OrganizationStore>;
  /** Makes an organization in which nobody is yet. */
  createOrganization(name: string, fullName: string): OrganizationStore;
}
