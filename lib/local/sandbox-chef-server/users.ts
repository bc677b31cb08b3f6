import { randomUUID } from 'node:crypto';
import { type ActorKey, createActorKey, type KeyOwner } from './actor-key.ts';

/** What of a user every reader may see; a text that was never given is missing. */
export interface UserProfile {
  readonly email: string;
  readonly display_name: string;
  readonly first_name?: string;
  readonly middle_name?: string;
  readonly last_name?: string;
}

/** A user of the whole server; which organizations they belong to is kept there. */
export interface User extends KeyOwner {
  /** 32 hexadecimal digits; in each of their organizations a group of this name stands for them. */
  readonly id: string;
  readonly profile: UserProfile;
  /** As `pivotal`: may do everything, member of an organization or not. */
  readonly isSuperuser: boolean;
}

/** Makes a user with the given keys. */
export function createUser(
  name: string,
  keys: readonly ActorKey[],
  options: { readonly profile?: UserProfile; readonly isSuperuser?: boolean } = {},
): User {
  return {
    id: randomUUID().replaceAll('-', ''),
    name,
    profile: options.profile ?? { email: `${name}@example.com`, display_name: name },
    isSuperuser: options.isSuperuser ?? false,
    keys: new Map(keys.map((key) => [key.name, key])),
  };
}

/** A user who signs with one key; `publicKeyPem` must be a public key in PEM. */
export function createUserWithKey(name: string, publicKeyPem: string, isSuperuser = false): User {
  return createUser(name, [createActorKey('default', publicKeyPem)], { isSuperuser });
}
