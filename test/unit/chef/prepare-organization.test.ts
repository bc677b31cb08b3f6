import { describe, expect, it } from 'vitest';
import type { GroupMembers, OrganizationMembers } from '../../../lib/chef/organization-members.ts';
import {
  type OrganizationPreparation,
  type PreparedStep,
  prepareOrganization,
  type ServerAccess,
} from '../../../lib/chef/prepare-organization.ts';
import type { UserAccounts } from '../../../lib/chef/user-accounts.ts';
import { type MemoryUsers, memoryUsers, shortKeyPair } from './memory-users.ts';

const KEYS = [shortKeyPair(), shortKeyPair(), shortKeyPair()];

/** What an organization holds, and what is wrong with its server. */
interface Organization {
  readonly members: Set<string>;
  readonly invited: Set<string>;
  readonly groups: Map<string, GroupMembers>;
  /** The actor is an admin of the organization only. */
  readonly isSuperuserMissing?: boolean;
  /** Members of a group that the server drops without saying so. */
  readonly dropped?: readonly string[];
}

const acme = (rest: Partial<Organization> = {}): Organization => ({
  members: new Set(['alice']),
  invited: new Set(),
  groups: new Map([
    ['admins', { users: ['alice', 'pivotal'], clients: ['ci'], groups: ['ops'] }],
    ['users', { users: [], clients: [], groups: ['0123456789abcdef0123456789abcdef'] }],
  ]),
  ...rest,
});

/** The organization, as a server gives it to see; members may read, admins write. */
function membersOf(organization: Organization, writing: () => void): OrganizationMembers {
  return {
    read: async () => ({ name: 'acme', fullName: 'Acme', guid: 'a1' }),
    has: async (user) => organization.members.has(user),
    async associate(user) {
      if (organization.isSuperuserMissing) return { denied: '403' };
      writing();
      organization.members.add(user);
      return 'associated';
    },
    async invite(user) {
      writing();
      organization.invited.add(user);
      return 'invited';
    },
    async acceptInvitation(user) {
      writing();
      if (!organization.invited.delete(user)) return 'not invited';
      organization.members.add(user);
      return 'accepted';
    },
    groupNames: async () => [...organization.groups.keys()],
    group: async (name) => organization.groups.get(name) ?? { denied: '404' },
    async replaceGroup(name, members) {
      writing();
      const kept = (names: readonly string[]) => names.filter((one) => !organization.dropped?.includes(one));
      organization.groups.set(name, {
        users: kept(members.users),
        clients: kept(members.clients),
        groups: kept(members.groups),
      });
      return 'replaced';
    },
  };
}

async function prepare(
  memory: MemoryUsers,
  organization: Organization,
  options: Partial<OrganizationPreparation> = {},
): Promise<{ readonly steps: readonly PreparedStep[]; readonly error?: unknown; readonly result?: unknown }> {
  const members = membersOf(organization, memory.writing);
  const access = (users: UserAccounts): ServerAccess => ({
    users,
    members,
    check: {
      read: async () => (organization.members.has('sync') ? 'allowed' : { what: 'read roles', denied: '403' }),
      write: async () =>
        organization.groups.get('admins')?.users.includes('sync') === true
          ? 'allowed'
          : { what: 'make a data bag', denied: '403' },
    },
  });
  const steps: PreparedStep[] = [];
  const unused = [...KEYS];
  try {
    const result = await prepareOrganization({
      server: 'the replica eu',
      side: 'replica',
      organization: 'acme',
      user: 'sync',
      admin: access(memory.admin),
      asUser: (pem) => access(memory.asUser(pem)),
      store: memory.store,
      createKeyPair: async () => unused.shift() ?? shortKeyPair(),
      isReader: false,
      isRotation: false,
      onStep: (step) => steps.push(step),
      ...options,
    });
    return { steps, result };
  } catch (error) {
    return { steps, error };
  }
}

const outcomes = (steps: readonly PreparedStep[]): readonly string[] =>
  steps.map(({ step, outcome }) => `${step} ${outcome}`);

const DONE = ['organization found', 'user done', 'key done', 'membership done', 'group done', 'check done'];
const FOUND = ['organization found', 'user found', 'key found', 'membership found', 'group found', 'check done'];

describe('an organization is prepared', () => {
  it('by the superuser, in one go', async () => {
    const organization = acme();

    const { steps, result } = await prepare(memoryUsers(), organization);

    expect(outcomes(steps)).toEqual(DONE);
    expect(result).toEqual({
      organization: { name: 'acme', fullName: 'Acme', guid: 'a1' },
      groups: ['admins', 'users'],
      actors: { group: 'admins', users: ['alice', 'pivotal', 'sync'], clients: ['ci'], groups: ['ops'] },
      otherKeys: [],
    });
  });

  it('once', async () => {
    const memory = memoryUsers();
    const organization = acme();
    await prepare(memory, organization);
    memory.crashBefore(0);

    expect(outcomes((await prepare(memory, organization)).steps)).toEqual(FOUND);
  });

  it.each([0, 1, 2, 3])('again after it ended before write %i', async (writes) => {
    const memory = memoryUsers();
    const organization = acme();
    memory.crashBefore(writes);
    expect((await prepare(memory, organization)).error).toMatchObject({ message: 'the process ended' });
    memory.crashBefore(undefined);

    const { error } = await prepare(memory, organization);

    expect(error).toBeUndefined();
    expect(outcomes((await prepare(memory, organization)).steps)).toEqual(FOUND);
  });

  it.each([0, 1, 2])(
    'by an admin of the organization, who invites, also after it ended before write %i',
    async (writes) => {
      const [pair] = KEYS;
      const memory = memoryUsers();
      memory.users.set('sync', new Map([['default', pair?.publicKeyPem ?? '']]));
      memory.stored = { pem: pair?.privateKeyPem ?? '' };
      const organization = acme({ isSuperuserMissing: true });
      memory.crashBefore(writes);
      await prepare(memory, organization);
      memory.crashBefore(undefined);

      const { steps, error } = await prepare(memory, organization);

      expect(error).toBeUndefined();
      expect(outcomes(steps)).toContain(writes === 2 ? 'membership found' : 'membership done');
      expect(organization.members.has('sync')).toBe(true);
    },
  );

  it('for a reader without a write to the group users, whose members it cannot tell', async () => {
    const organization = acme();

    const { steps } = await prepare(memoryUsers(), organization, { isReader: true, side: 'primary' });

    expect(outcomes(steps)).toEqual([...DONE.slice(0, 4), 'group found', 'check done']);
    expect(organization.groups.get('users')).toEqual(acme().groups.get('users'));
    expect(organization.groups.get('admins')?.users).not.toContain('sync');
  });
});

describe('what a server does with a group without saying so is noticed:', () => {
  it('the user is not in it', async () => {
    const { error } = await prepare(memoryUsers(), acme({ dropped: ['sync'] }));

    expect(error).toMatchObject({
      message:
        'sync was added to the group admins of acme on the replica eu, and is not in it: run `chef-server-ctl org-user-add acme sync --admin` there.',
    });
  });

  it('others are not in it any more', async () => {
    const { steps } = await prepare(memoryUsers(), acme({ dropped: ['ci'] }));

    expect(steps.find(({ step }) => step === 'group')?.text).toBe(
      'added to admins; the server dropped ci, which it does not know',
    );
  });
});
