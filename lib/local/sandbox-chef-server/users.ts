import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** What a user may do in an organization: nothing though a member, read, or everything. */
export type OrganizationRights = 'none' | 'reader' | 'admin';

export interface User {
  readonly name: string;
  readonly publicKey: KeyObject;
  /** Rights by organization name; an organization that is missing here has `rightsElsewhere`. */
  readonly rights: Map<string, OrganizationRights | 'not associated'>;
  readonly rightsElsewhere: OrganizationRights | 'not associated';
}

/** Makes a user; `publicKeyPem` may be any PEM that holds the public key. */
export function createUser(
  name: string,
  publicKeyPem: string,
  rightsElsewhere: OrganizationRights | 'not associated' = 'admin',
): User {
  return { name, publicKey: createPublicKey(publicKeyPem), rights: new Map(), rightsElsewhere };
}

/** What the user may do in the organization. */
export function rightsIn(user: User, organization: string): OrganizationRights | 'not associated' {
  return user.rights.get(organization) ?? user.rightsElsewhere;
}

let sharedKeyPair: { readonly publicKey: string; readonly privateKey: string } | undefined;

/** An RSA key pair of 2048 bits in PEM: the same one for the whole process, because making one takes up to a second. */
export function sandboxKeyPair(): { readonly publicKey: string; readonly privateKey: string } {
  sharedKeyPair ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return sharedKeyPair;
}
