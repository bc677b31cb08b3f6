import { giveRights, type OrganizationRights } from './organization-rights.ts';
import type { OrganizationSnapshot, OrganizationStore } from './organization-store.ts';
import type { User } from './users.ts';

/** Makes the store of an organization, empty or as a snapshot has it. */
export type MakeOrganization = (name: string, snapshot?: OrganizationSnapshot) => OrganizationStore;

/** Every user and organization of the server by name. */
export class ServerDirectory {
  readonly users = new Map<string, User>();
  readonly organizations = new Map<string, OrganizationStore>();
  /** What `addUser` gave its users in organizations that are still to be added. */
  private readonly rightsOfUsers = new Map<string, OrganizationRights>();
  private readonly makeOrganization: MakeOrganization;

  constructor(makeOrganization: MakeOrganization) {
    this.makeOrganization = makeOrganization;
  }

  /** Adds or replaces a user who has the same rights in every organization, and in each that `addOrganization` adds. */
  addUser(user: User, rights: OrganizationRights): void {
    this.removeUser(user.name);
    this.users.set(user.name, user);
    this.rightsOfUsers.set(user.name, rights);
    for (const { membership } of this.organizations.values()) giveRights(membership, user, rights);
  }

  /** Removes a user from the server and from every organization. */
  removeUser(name: string): void {
    const user = this.users.get(name);
    if (user === undefined) return;
    this.users.delete(name);
    this.rightsOfUsers.delete(name);
    for (const { membership } of this.organizations.values()) membership.forget(user);
  }

  /** Puts an organization in the place of one of that name; it is empty but for the users whom `addUser` gave rights. */
  addOrganization(name: string): void {
    const { membership } = this.createOrganization(name, name);
    for (const user of this.users.values()) {
      giveRights(membership, user, this.rightsOfUsers.get(user.name) ?? 'not associated');
    }
  }

  /** Makes an organization in which nobody is yet. */
  createOrganization(name: string, fullName: string): OrganizationStore {
    const organization = this.makeOrganization(name);
    organization.fullName = fullName;
    this.organizations.set(name, organization);
    return organization;
  }

  /** Puts an organization in the place of one of that name, with the content and the members of a snapshot. */
  restoreOrganization(name: string, snapshot: OrganizationSnapshot): void {
    this.organizations.set(name, this.makeOrganization(name, snapshot));
  }

  /** The organization; throws where there is none, which is a fault of the test. */
  organization(name: string): OrganizationStore {
    const organization = this.organizations.get(name);
    if (organization === undefined) throw new TypeError(`the sandbox server has no organization ${name}`);
    return organization;
  }
}
