import { generateKeyPairSync } from 'node:crypto';
import { type KeyPair, keyFingerprint, keyPairOf } from '../../../lib/chef/key-pair.ts';
import type { KeyStore, StoredKey } from '../../../lib/chef/prepare-user-key.ts';
import type { UserAccounts } from '../../../lib/chef/user-accounts.ts';

/** What the process dies of in these tests. */
export class Crash extends Error {}

/** A server's users and a key store, in memory, that end the process at a chosen write. */
export interface MemoryUsers {
  /** User → name of a key → public key. */
  readonly users: Map<string, Map<string, string>>;
  readonly store: KeyStore;
  /** What is stored. */
  stored: StoredKey;
  /** As somebody who may do everything. */
  readonly admin: UserAccounts;
  /** As whoever holds this private key, who may change only himself. */
  readonly asUser: (privateKeyPem: string) => UserAccounts;
  /** Before the n-th write from now (0: the next) the process ends; undefined: never. */
  crashBefore(writes: number | undefined): void;
  /** What a write elsewhere on this server does first. */
  readonly writing: () => void;
}

/** Short keys, because 2,048 bits take a test too long. */
export const shortKeyPair = (): KeyPair => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const pair = keyPairOf(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  if (pair === undefined) throw new Error('no key');
  return pair;
};

export function memoryUsers({ hasOneKeyPerUser = false } = {}): MemoryUsers {
  const users: MemoryUsers['users'] = new Map();
  let writesLeft: number | undefined;

  const writing = (): void => {
    if (writesLeft === 0) throw new Crash('the process ended');
    if (writesLeft !== undefined) writesLeft -= 1;
  };
  const keysOf = (user: string): Map<string, string> => users.get(user) ?? new Map();

  /** `own`: the public key of who asks; undefined: the admin. */
  const accounts = (own: string | undefined): UserAccounts => {
    const nameOfOwn = (user: string) => [...keysOf(user)].find(([, pem]) => pem === own)?.[0];
    const may = (user: string) => own === undefined || nameOfOwn(user) !== undefined;
    return {
      hasOneKeyPerUser,
      has: async (user) => users.has(user),
      isSignedBy: async (user) => nameOfOwn(user) !== undefined,
      async create(user, publicKeyPem) {
        if (own !== undefined) return { denied: '403' };
        writing();
        if (users.has(user)) return 'exists';
        users.set(user, new Map([['default', publicKeyPem]]));
        return 'created';
      },
      async keys(user) {
        if (!may(user)) return { denied: '403' };
        if (hasOneKeyPerUser) return [];
        return [...keysOf(user)].map(([name, pem]) => ({ name, fingerprint: keyFingerprint(pem) }));
      },
      async addKey(user, name, publicKeyPem) {
        if (!may(user)) return { denied: '403' };
        writing();
        if (hasOneKeyPerUser) keysOf(user).clear();
        keysOf(user).set(name, publicKeyPem);
        return 'added';
      },
      async removeKey(user, name) {
        if (!may(user) || nameOfOwn(user) === name) return { denied: '403' };
        writing();
        keysOf(user).delete(name);
        return 'removed';
      },
    };
  };

  const memory: MemoryUsers = {
    users,
    stored: 'empty',
    admin: accounts(undefined),
    asUser: (pem) => accounts(keyPairOf(pem)?.publicKeyPem),
    store: {
      place: 'keys/eu.pem',
      read: async () => memory.stored,
      async write(pem, mode) {
        writing();
        if (mode === 'create' && memory.stored !== 'empty') throw new Error('exists');
        memory.stored = { pem };
      },
    },
    writing,
    crashBefore(writes) {
      writesLeft = writes;
    },
  };
  return memory;
}
