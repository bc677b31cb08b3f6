import { describe, expect, it } from 'vitest';
import type { KeyPair } from '../../../lib/chef/key-pair.ts';
import { type PreparedUser, prepareUserKey, type UserKeyPreparation } from '../../../lib/chef/prepare-user-key.ts';
import type { UserAccounts } from '../../../lib/chef/user-accounts.ts';
import { Crash, type MemoryUsers, memoryUsers, shortKeyPair } from './memory-users.ts';

const OURS = shortKeyPair();
const THEIRS = shortKeyPair();
const FRESH = [shortKeyPair(), shortKeyPair(), shortKeyPair(), shortKeyPair()];

function prepare(
  memory: MemoryUsers,
  options: { isRotation?: boolean; admin?: UserAccounts; fresh?: readonly KeyPair[] } = {},
): Promise<PreparedUser> {
  const { fresh = FRESH, admin = memory.admin, isRotation = false } = options;
  const unused = [...fresh];
  const preparation: UserKeyPreparation = {
    server: 'the replica eu',
    user: 'sync',
    admin,
    asUser: memory.asUser,
    store: memory.store,
    createKeyPair: async () => unused.shift() ?? shortKeyPair(),
    isRotation,
  };
  return prepareUserKey(preparation);
}

/** The user with these keys, and one of them, or none, stored. */
function given(keys: Readonly<Record<string, KeyPair>> | undefined, stored?: KeyPair, options = {}): MemoryUsers {
  const memory = memoryUsers(options);
  if (keys !== undefined) {
    memory.users.set('sync', new Map(Object.entries(keys).map(([name, pair]) => [name, pair.publicKeyPem])));
  }
  if (stored !== undefined) memory.stored = { pem: stored.privateKeyPem };
  return memory;
}

const doesStoredKeyWork = async ({ stored, asUser }: MemoryUsers): Promise<boolean> =>
  typeof stored === 'object' && (await asUser(stored.pem).isSignedBy('sync'));

const keysOf = ({ users }: MemoryUsers): readonly string[] => [...(users.get('sync')?.values() ?? [])];

describe('the key of the user that copies', () => {
  it('is made with the user', async () => {
    const memory = given(undefined);

    expect(await prepare(memory)).toMatchObject({ user: 'created', key: 'made', otherKeys: [] });
    expect(await doesStoredKeyWork(memory)).toBe(true);
    expect(keysOf(memory)).toHaveLength(1);
  });

  it('is the stored one of a user that has to be made', async () => {
    const memory = given(undefined, OURS);

    expect(await prepare(memory)).toMatchObject({ user: 'created', key: 'found' });
    expect(keysOf(memory)).toEqual([OURS.publicKeyPem]);
  });

  it('stays as it is when it works', async () => {
    const memory = given({ default: THEIRS, mine: OURS }, OURS);
    memory.crashBefore(0);

    expect(await prepare(memory)).toMatchObject({ user: 'found', key: 'found' });
  });

  it('is added to a user that has others, which stay and are named', async () => {
    const memory = given({ default: THEIRS });

    expect(await prepare(memory)).toMatchObject({ user: 'found', key: 'added', otherKeys: ['default'] });
    expect(await doesStoredKeyWork(memory)).toBe(true);
    expect(keysOf(memory)).toContain(THEIRS.publicKeyPem);
  });

  it('is not replaced by itself when it is another than the stored one', async () => {
    const memory = given({ default: THEIRS }, OURS);
    memory.crashBefore(0);

    await expect(prepare(memory)).rejects.toThrow(
      'The user sync of the replica eu has another key than the one in keys/eu.pem: give it a new key with --rotate, or put a private key of the user there.',
    );
  });

  it('is not made when something else is stored there', async () => {
    const memory = given(undefined);
    memory.stored = { pem: 'my notes' };
    memory.crashBefore(0);

    await expect(prepare(memory)).rejects.toThrow('something else than a private RSA key in PEM form in keys/eu.pem');
    await expect(prepare(memory, { isRotation: true })).rejects.toThrow('something else');
  });

  it('is made where it can be written and not be read, and replaces there only what it was asked to', async () => {
    const memory = given(undefined);
    memory.stored = 'unreadable';
    await expect(prepare(memory)).rejects.toThrow('exists');

    await expect(prepare(memory)).rejects.toThrow(
      'The user sync exists on the replica eu, and whether keys/eu.pem holds its key cannot be seen: allow secretsmanager:GetSecretValue on it, or replace the key with --rotate.',
    );
    expect(await prepare(memory, { isRotation: true })).toMatchObject({ key: 'added', otherKeys: ['default'] });
    expect(await doesStoredKeyWork(memory)).toBe(true);
  });

  it('cannot be given to a user by somebody who is neither the superuser nor the user', async () => {
    const memory = given({ default: THEIRS });
    const admin = { ...memory.asUser(OURS.privateKeyPem), has: memory.admin.has };

    await expect(prepare(memory, { admin })).rejects.toThrow(
      'This admin may not give the user sync of the replica eu a key (403): give the superuser (pivotal) as --admin-user, or put a private key of the user into keys/eu.pem.',
    );
  });
});

describe('a rotation', () => {
  it('leaves the new key in the place of the old one, and others as they are', async () => {
    const memory = given({ default: OURS, theirs: THEIRS }, OURS);

    expect(await prepare(memory, { isRotation: true })).toMatchObject({ key: 'rotated', otherKeys: ['theirs'] });
    expect(await doesStoredKeyWork(memory)).toBe(true);
    expect(keysOf(memory)).toEqual([THEIRS.publicKeyPem, FRESH[0]?.publicKeyPem]);
  });

  it('is done by the user itself where the admin may not', async () => {
    const memory = given({ default: OURS }, OURS);
    const admin = { ...memory.asUser(THEIRS.privateKeyPem), has: memory.admin.has };

    expect(await prepare(memory, { isRotation: true, admin })).toMatchObject({ key: 'rotated', otherKeys: [] });
    expect(keysOf(memory)).toEqual([FRESH[0]?.publicKeyPem]);
  });

  it('can be done again and again', async () => {
    const memory = given({ default: OURS }, OURS);

    for (const pair of FRESH) {
      expect(await prepare(memory, { isRotation: true, fresh: [pair] })).toMatchObject({
        key: 'rotated',
        otherKeys: [],
      });
      expect(keysOf(memory)).toEqual([pair.publicKeyPem]);
    }
  });

  it.each([0, 1, 2])(
    'that ends before write %i leaves a key that works, and is finished by the next',
    async (writes) => {
      const memory = given({ default: OURS, theirs: THEIRS }, OURS);
      memory.crashBefore(writes);
      await expect(prepare(memory, { isRotation: true })).rejects.toThrow(Crash);
      memory.crashBefore(undefined);

      expect(await doesStoredKeyWork(memory)).toBe(true);
      const { key, otherKeys } = await prepare(memory, { isRotation: true, fresh: FRESH.slice(1) });

      expect(key).toBe(writes === 2 ? 'rotation finished' : 'rotated');
      expect(otherKeys).toEqual(['theirs']);
      expect(await doesStoredKeyWork(memory)).toBe(true);
      expect(memory.stored).not.toEqual({ pem: OURS.privateKeyPem });
      expect(keysOf(memory)).toHaveLength(2);
      expect(keysOf(memory)).toContain(THEIRS.publicKeyPem);
    },
  );

  it.each([0, 1, 2].flatMap((first) => [0, 1, 2].map((second) => [first, second] as const)))(
    'that ends before write %i, and then before write %i, is finished by the third',
    async (...writes) => {
      const memory = given({ default: OURS }, OURS);
      for (const [index, before] of writes.entries()) {
        memory.crashBefore(before);
        await prepare(memory, { isRotation: true, fresh: FRESH.slice(index) }).catch(() => undefined);
        memory.crashBefore(undefined);
        expect(await doesStoredKeyWork(memory)).toBe(true);
      }

      await prepare(memory, { isRotation: true, fresh: FRESH.slice(2) });

      expect(await doesStoredKeyWork(memory)).toBe(true);
      expect(keysOf(memory)).toHaveLength(1);
      expect(keysOf(memory)).not.toContain(OURS.publicKeyPem);
    },
  );
});

describe('where a user has one key', () => {
  it('it is not replaced without --rotate', async () => {
    const memory = given({ default: THEIRS }, undefined, { hasOneKeyPerUser: true });
    memory.crashBefore(0);

    await expect(prepare(memory)).rejects.toThrow(
      'The user sync exists on the replica eu, which keeps one key per user, and keys/eu.pem does not hold it: put it there, or replace it with --rotate.',
    );
  });

  it('a rotation that cannot store the new one gives the old one back', async () => {
    const memory = given({ default: OURS }, OURS, { hasOneKeyPerUser: true });
    const full = { ...memory, store: { ...memory.store, write: () => Promise.reject(new Error('the disk is full')) } };

    await expect(prepare(full, { isRotation: true })).rejects.toThrow('the disk is full');
    expect(await doesStoredKeyWork(memory)).toBe(true);

    expect(await prepare(memory, { isRotation: true })).toMatchObject({ key: 'rotated' });
    expect(await doesStoredKeyWork(memory)).toBe(true);
  });

  it('a rotation that ended in between is finished by the next', async () => {
    const memory = given({ default: OURS }, OURS, { hasOneKeyPerUser: true });
    memory.users.set('sync', new Map([['new', THEIRS.publicKeyPem]]));

    expect(await prepare(memory, { isRotation: true })).toMatchObject({ key: 'added' });
    expect(await doesStoredKeyWork(memory)).toBe(true);
  });
});
