import { randomUUID } from 'node:crypto';
import { type ActorKey, createActorKey, type KeyOwner, sandboxKeyPair } from './actor-key.ts';
import type { User } from './users.ts';

/** The members of a group by name. */
export interface Group {
  readonly users: Set<string>;
  readonly clients: Set<string>;
  readonly groups: Set<string>;
}

/** A client of one organization: a node, or the validator that may only create clients. */
export interface Client extends KeyOwner {
  /** 32 hexadecimal digits, of no other client of any organization. */
  readonly id: string;
  readonly isValidator: boolean;
  /**
   * The public key that its row in the database still holds, as version 0 of the API wrote it: an update of the row puts
   * it back as the key `default`. Undefined where a later version made the client: an update deletes that key.
   */
  readonly rowPublicKeyPem: string | undefined;
}

/** Whom `isInGroup` looks for. */
export interface GroupMember {
  readonly kind: 'user' | 'client';
  readonly name: string;
}

const groupNames = ['admins', 'billing-admins', 'clients', 'users', 'public_key_read_access'];

/** Who belongs to an organization: its users, the groups that decide what they may do, its clients and its invitations. */
export class OrganizationMembership {
  /** The names of the users who are associated with the organization. */
  readonly users: Set<string>;
  /** Users whom an access list of their own lets read everything, though they are in no group. */
  readonly readers: Set<string>;
  readonly groups: Map<string, Group>;
  readonly clients: Map<string, Client>;
  /** Invited users by the id of the invitation. */
  readonly invitations: Map<string, string>;

  /** A new membership has the groups of every organization, without users, and the client `ORG-validator`. */
  constructor(organization: string, former?: OrganizationMembership) {
    this.users = new Set(former?.users);
    this.readers = new Set(former?.readers);
    this.groups = former ? copyGroups(former.groups) : newGroups();
    this.clients = new Map(
      [...(former?.clients ?? [])].map(([name, client]) => [name, { ...client, keys: new Map(client.keys) }]),
    );
    this.invitations = new Map(former?.invitations);
    if (former === undefined) {
      this.addClient(`${organization}-validator`, [createActorKey('default', sandboxKeyPair().publicKey)], true);
    }
  }

  /** Makes a client, which belongs to the group `clients` from then on. */
  addClient(name: string, keys: readonly ActorKey[], isValidator: boolean, rowPublicKeyPem?: string): void {
    this.clients.set(name, {
      id: randomUUID().replaceAll('-', ''),
      name,
      isValidator,
      rowPublicKeyPem,
      keys: new Map(keys.map((key) => [key.name, key])),
    });
    this.groups.get('clients')?.clients.add(name);
  }

  removeClient(name: string): void {
    this.clients.delete(name);
    for (const group of this.groups.values()) group.clients.delete(name);
  }

  /** Puts a client, under its name, in the place of the one that had the former name. */
  replaceClient(formerName: string, client: Client): void {
    this.clients.delete(formerName);
    this.clients.set(client.name, client);
    for (const group of this.groups.values()) rename(group.clients, formerName, client.name);
  }

  /** Takes a user in: the group that stands for them becomes a member of `users`. */
  associate(user: User): void {
    this.users.add(user.name);
    this.groups.set(user.id, { ...newGroup(), users: new Set([user.name]) });
    this.groups.get('users')?.groups.add(user.id);
  }

  /** Takes a user out, and the group that stands for them; a direct member of another group they stay. */
  dissociate(user: User): void {
    this.users.delete(user.name);
    this.removeGroup(user.id);
  }

  /** Removes a user from everything, as if they had never been here. */
  forget(user: User): void {
    this.dissociate(user);
    this.readers.delete(user.name);
    for (const group of this.groups.values()) group.users.delete(user.name);
  }

  renameUser(formerName: string, name: string): void {
    for (const names of [this.users, this.readers]) rename(names, formerName, name);
    for (const group of this.groups.values()) rename(group.users, formerName, name);
  }

  /** Invites a user; returns the id of the invitation. */
  invite(user: string): string {
    const id = randomUUID().replaceAll('-', '');
    this.invitations.set(id, user);
    return id;
  }

  addGroup(name: string): void {
    this.groups.set(name, newGroup());
  }

  renameGroup(formerName: string, name: string): void {
    const renamed = this.groups.get(formerName);
    if (renamed === undefined) return;
    this.groups.delete(formerName);
    this.groups.set(name, renamed);
    for (const group of this.groups.values()) rename(group.groups, formerName, name);
  }

  removeGroup(name: string): void {
    this.groups.delete(name);
    for (const group of this.groups.values()) group.groups.delete(name);
  }

  /** Whether a user or client belongs to a group, directly or by groups in groups. */
  isInGroup(member: GroupMember, name: string, seen: ReadonlySet<string> = new Set()): boolean {
    const group = this.groups.get(name);
    if (group === undefined || seen.has(name)) return false;
    if ((member.kind === 'user' ? group.users : group.clients).has(member.name)) return true;
    const seenHere = new Set([...seen, name]);
    return [...group.groups].some((inner) => this.isInGroup(member, inner, seenHere));
  }
}

function rename(names: Set<string>, former: string, name: string): void {
  if (names.delete(former)) names.add(name);
}

function newGroup(): Group {
  return { users: new Set(), clients: new Set(), groups: new Set() };
}

function newGroups(): Map<string, Group> {
  const groups = new Map(groupNames.map((name) => [name, newGroup()]));
  for (const reading of ['users', 'clients']) groups.get('public_key_read_access')?.groups.add(reading);
  return groups;
}

function copyGroups(groups: ReadonlyMap<string, Group>): Map<string, Group> {
  return new Map(
    [...groups].map(([name, group]) => [
      name,
      { users: new Set(group.users), clients: new Set(group.clients), groups: new Set(group.groups) },
    ]),
  );
}
