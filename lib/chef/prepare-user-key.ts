import { refusal } from '../model/sync-error.ts';
import { type KeyPair, keyFingerprint, keyPairOf } from './key-pair.ts';
import { type Denied, isDenied, type UserAccounts, type UserKey } from './user-accounts.ts';

/** What the place of a private key holds. `unreadable`: whoever looks may only write it. */
export type StoredKey = 'empty' | 'unreadable' | { readonly pem: string };

/** The one place where the synchronizing user's private key is kept: a file, or a secret. */
export interface KeyStore {
  /** For messages: `keys/eu.pem`, `the secret chef-sync/eu`. */
  readonly place: string;
  read(): Promise<StoredKey>;
  /** Puts the key there, whole or not at all. `create` never replaces anything. */
  write(pem: string, mode: 'create' | 'replace'): Promise<void>;
}

/** What making sure of a user's key needs. */
export interface UserKeyPreparation {
  /** For messages: `the primary`, `the replica eu`. */
  readonly server: string;
  readonly user: string;
  /** The users as the admin sees them. */
  readonly admin: UserAccounts;
  /** The users as whoever signs as the user with this private key sees them. */
  readonly asUser: (privateKeyPem: string) => UserAccounts;
  readonly store: KeyStore;
  readonly createKeyPair: () => Promise<KeyPair>;
  /** The key is replaced by a new one. */
  readonly isRotation: boolean;
}

/** A user whose stored key works. */
export interface PreparedUser {
  readonly privateKeyPem: string;
  readonly user: 'created' | 'found';
  readonly key: 'found' | 'made' | 'added' | 'rotated' | 'rotation finished';
  /** Names of further keys of the user, as far as they were looked at: who holds them is not known. */
  readonly otherKeys: readonly string[];
}

/**
 * Makes sure that the user exists and that the stored key is one of its keys. A new key is registered first and stored then, so what is
 * stored works; an end between the two leaves a public key that nobody can use. A rotation goes on where an earlier one ended: the name of
 * a key says which one it replaces. Throws a SyncError with the next step, a ChefRequestError, or what the store throws.
 */
export async function prepareUserKey(preparation: UserKeyPreparation): Promise<PreparedUser> {
  const { admin, asUser, store, user, isRotation } = preparation;
  const stored = await store.read();
  const storedPair = typeof stored === 'object' ? keyPairOf(stored.pem) : undefined;
  if (typeof stored === 'object' && storedPair === undefined) throw refusal('KEY_UNUSABLE', noKey(preparation));
  if (!(await admin.has(user))) return await createUser(preparation, stored, storedPair);
  if (storedPair !== undefined && (await asUser(storedPair.privateKeyPem).isSignedBy(user))) {
    if (isRotation) return await rotateKey(preparation, storedPair);
    return { privateKeyPem: storedPair.privateKeyPem, user: 'found', key: 'found', otherKeys: [] };
  }
  if (!isRotation && (stored !== 'empty' || admin.hasOneKeyPerUser)) {
    throw refusal('ANOTHER_KEY', anotherKey(preparation, stored));
  }
  const others = await admin.keys(user);
  if (isDenied(others)) throw refusal('KEY_DENIED', keyDenied(preparation, others));
  const { privateKeyPem } = await registerAndStore(preparation, [admin], stored, keyName);
  return { privateKeyPem, user: 'found', key: 'added', otherKeys: others.map(({ name }) => name) };
}

async function createUser(
  preparation: UserKeyPreparation,
  stored: StoredKey,
  storedPair: KeyPair | undefined,
): Promise<PreparedUser> {
  const { server, admin, asUser, store, user } = preparation;
  const { privateKeyPem, publicKeyPem } = storedPair ?? (await preparation.createKeyPair());
  const outcome = await admin.create(user, publicKeyPem);
  if (isDenied(outcome)) {
    throw refusal(
      'USER_DENIED',
      `There is no user ${user} on ${server}, and this admin may not make users (${outcome.denied}): give the superuser (pivotal) as --admin-user, or run the commands that --print-commands shows.`,
    );
  }
  // Either the answer to an earlier try was lost, or the name or the address is somebody else's.
  if (outcome === 'exists' && !(await asUser(privateKeyPem).isSignedBy(user))) {
    throw refusal(
      'USER_IN_USE',
      `The user ${user} cannot be made on ${server}, because its name or the address ${user}@chef-sync.invalid is in use there: run it again, or name another user in the configuration.`,
    );
  }
  if (storedPair === undefined) await store.write(privateKeyPem, writeMode(preparation, stored));
  return { privateKeyPem, user: 'created', key: storedPair === undefined ? 'made' : 'found', otherKeys: [] };
}

/** Add, switch, verify, remove, in this order: at any time the stored key works. */
async function rotateKey(preparation: UserKeyPreparation, old: KeyPair): Promise<PreparedUser> {
  const { admin, asUser, user } = preparation;
  const oldSelf = asUser(old.privateKeyPem);
  const oldFingerprint = keyFingerprint(old.publicKeyPem);
  const before = await asFirstAllowed([admin, oldSelf], (actor) => actor.keys(user));
  if (isDenied(before)) throw refusal('KEY_DENIED', keyDenied(preparation, before));

  const replacedEarlier = replacedBy(before.find(({ fingerprint }) => fingerprint === oldFingerprint));
  const left = before.filter((key) => isReplaced(key, replacedEarlier, oldFingerprint));
  if (left.length > 0) {
    await removeKeys(preparation, [admin, oldSelf], left);
    const otherKeys = otherNames(before, left, oldFingerprint);
    return { privateKeyPem: old.privateKeyPem, user: 'found', key: 'rotation finished', otherKeys };
  }

  const fresh = await registerAndStore(
    preparation,
    [admin, oldSelf],
    { pem: old.privateKeyPem },
    (fingerprint) => `${keyName(fingerprint)}-for-${oldFingerprint}`,
  );
  const freshFingerprint = keyFingerprint(fresh.publicKeyPem);
  const replaced = before.filter((key) => isReplaced(key, oldFingerprint, freshFingerprint));
  // The key that signs a request cannot remove itself, so the user removes the old one with the new one.
  await removeKeys(preparation, [admin, asUser(fresh.privateKeyPem)], replaced);
  const otherKeys = otherNames(before, replaced, freshFingerprint);
  return { privateKeyPem: fresh.privateKeyPem, user: 'found', key: 'rotated', otherKeys };
}

/** Makes a key, registers it as the first actor who may, stores it, and sees that what is stored works. */
async function registerAndStore(
  preparation: UserKeyPreparation,
  actors: readonly UserAccounts[],
  stored: StoredKey,
  nameOf: (fingerprint: string) => string,
): Promise<KeyPair> {
  const { user, asUser, store } = preparation;
  const pair = await preparation.createKeyPair();
  const self = asUser(pair.privateKeyPem);
  const name = nameOf(keyFingerprint(pair.publicKeyPem));
  const added = await asFirstAllowed(actors, (actor) => actor.addKey(user, name, pair.publicKeyPem));
  if (isDenied(added)) throw refusal('KEY_DENIED', keyDenied(preparation, added));
  await mustSign(preparation, self);
  try {
    await store.write(pair.privateKeyPem, writeMode(preparation, stored));
  } catch (error) {
    // Elsewhere both keys work, and a later rotation removes the new one; here the stored one has just ceased to.
    const before = typeof stored === 'object' ? keyPairOf(stored.pem) : undefined;
    if (self.hasOneKeyPerUser && before !== undefined) await self.addKey(user, name, before.publicKeyPem);
    throw error;
  }
  const switched = await store.read();
  if (typeof switched === 'object') await mustSign(preparation, asUser(switched.pem));
  return pair;
}

const keyName = (fingerprint: string): string => `chef-sync-${fingerprint}`;

/** The fingerprint of the key that this one takes the place of. */
const replacedBy = (key: UserKey | undefined): string | undefined => /-for-([0-9a-f]{16})$/.exec(key?.name ?? '')?.[1];

/** The replaced key itself, and keys that were to replace it in runs that ended before they were stored. */
const isReplaced = (key: UserKey, replaced: string | undefined, current: string): boolean =>
  replaced !== undefined &&
  key.fingerprint !== current &&
  (key.fingerprint === replaced || replacedBy(key) === replaced);

const otherNames = (keys: readonly UserKey[], removed: readonly UserKey[], current: string): readonly string[] =>
  keys.filter((key) => !removed.includes(key) && key.fingerprint !== current).map(({ name }) => name);

/** What is not readable may be anybody's key: only a rotation was asked to replace it. */
const writeMode = ({ isRotation }: UserKeyPreparation, stored: StoredKey): 'create' | 'replace' =>
  stored === 'unreadable' && !isRotation ? 'create' : 'replace';

/** The answer that the first actor gets who may; the last denial when nobody may. */
async function asFirstAllowed<T>(
  actors: readonly UserAccounts[],
  ask: (actor: UserAccounts) => Promise<T | Denied>,
): Promise<T | Denied> {
  let answer: T | Denied = { denied: 'nobody to ask' };
  for (const actor of actors) {
    answer = await ask(actor);
    if (!isDenied(answer)) break;
  }
  return answer;
}

async function removeKeys(
  { server, user, store }: UserKeyPreparation,
  actors: readonly UserAccounts[],
  keys: readonly UserKey[],
): Promise<void> {
  for (const { name } of keys) {
    const removed = await asFirstAllowed(actors, (actor) => actor.removeKey(user, name));
    if (isDenied(removed)) {
      throw refusal(
        'KEY_NOT_REMOVED',
        `The new key of ${user} is in ${store.place} and works, but the old one may not be removed from ${server} (${removed.denied}): remove it there with \`chef-server-ctl delete-user-key ${user} ${name}\`.`,
      );
    }
  }
}

async function mustSign({ server, user }: UserKeyPreparation, self: UserAccounts): Promise<void> {
  if (await self.isSignedBy(user)) return;
  throw refusal(
    'KEY_REFUSED',
    `The key that was just added to the user ${user} is refused by ${server}: run it again.`,
  );
}

const noKey = ({ store }: UserKeyPreparation): string =>
  `There is something else than a private RSA key in PEM form in ${store.place}: correct the configuration, or move away what is there.`;

const keyDenied = ({ server, user, store }: UserKeyPreparation, { denied }: Denied): string =>
  `This admin may not give the user ${user} of ${server} a key (${denied}): give the superuser (pivotal) as --admin-user, or put a private key of the user into ${store.place}.`;

function anotherKey({ server, user, store }: UserKeyPreparation, stored: StoredKey): string {
  if (stored === 'unreadable') {
    return `The user ${user} exists on ${server}, and whether ${store.place} holds its key cannot be seen: allow secretsmanager:GetSecretValue on it, or replace the key with --rotate.`;
  }
  if (stored === 'empty') {
    return `The user ${user} exists on ${server}, which keeps one key per user, and ${store.place} does not hold it: put it there, or replace it with --rotate.`;
  }
  return `The user ${user} of ${server} has another key than the one in ${store.place}: give it a new key with --rotate, or put a private key of the user there.`;
}
