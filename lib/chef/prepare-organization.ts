import { ChefRequestError } from '../model/chef-request-error.ts';
import type { Side } from '../model/side.ts';
import { refusal, SyncError } from '../model/sync-error.ts';
import type { AccessCheck, DeniedRequest } from './access-check.ts';
import type { FlatUserAccounts } from './flat-user-accounts.ts';
import {
  type GroupMembers,
  isPersonalGroup,
  type OrganizationFacts,
  type OrganizationMembers,
} from './organization-members.ts';
import { type PreparedUser, prepareUserKey, type UserKeyPreparation } from './prepare-user-key.ts';
import { type Denied, isDenied, type UserAccounts } from './user-accounts.ts';

/** A server as one actor of it. */
export type ServerAccess = { readonly check: AccessCheck } & (
  | { readonly users: UserAccounts; readonly members: OrganizationMembers }
  /** A server without organizations. */
  | { readonly users: FlatUserAccounts; readonly members: null }
);

/** What preparing an organization of a server for its synchronizing user needs. */
export interface OrganizationPreparation extends Omit<UserKeyPreparation, 'admin' | 'asUser'> {
  readonly side: Side;
  readonly admin: ServerAccess;
  /** The server as whoever signs as the user with this private key. */
  readonly asUser: (privateKeyPem: string) => ServerAccess;
  /** In messages; the server has none: null. */
  readonly organization: string | null;
  /** The user only reads: it joins `users` instead of `admins`. */
  readonly isReader: boolean;
  /** Told each step when it is done. */
  readonly onStep: (step: PreparedStep) => void;
}

/** One thing that was made sure of. */
export interface PreparedStep {
  readonly step: 'organization' | 'user' | 'key' | 'membership' | 'group' | 'check';
  /** `found`: it was so before. `skipped`: the server has no such thing. */
  readonly outcome: 'done' | 'found' | 'skipped';
  /** For a person, without a full stop. */
  readonly text: string;
}

/** What is on the server now. */
export interface PreparedOrganization {
  /** Undefined on a server without organizations. */
  readonly organization?: OrganizationFacts;
  /** Names of the groups; undefined where there are none, or the admin may not see them. */
  readonly groups?: readonly string[];
  /** The group that gives the user its rights, with its members. */
  readonly actors?: GroupMembers & { readonly group: string };
  /** Further keys of the user, as in `PreparedUser`. */
  readonly otherKeys: readonly string[];
}

/**
 * Makes sure that the user exists, that its stored key works, and that it may do its work in the organization, which it shows by doing it.
 * Doing it again changes nothing, and finishes what was interrupted. Throws a SyncError, one sentence that names the server and the next step.
 */
export async function prepareOrganization(preparation: OrganizationPreparation): Promise<PreparedOrganization> {
  const { admin, asUser, onStep, side, isReader } = preparation;
  try {
    const organization = await findOrganization(preparation);
    const prepared = await prepareUserKey({
      ...preparation,
      admin: admin.users,
      asUser: (privateKeyPem) => asUser(privateKeyPem).users,
    });
    for (const step of keySteps(preparation, prepared)) onStep(step);
    const self = asUser(prepared.privateKeyPem);
    const found =
      admin.members === null
        ? await joinServer(preparation, admin.users)
        : await joinOrganization(preparation, admin.members, self);
    onStep(await tryAccess(preparation, self.check, side === 'replica' && !isReader));
    return { ...(organization !== undefined && { organization }), ...found, otherKeys: prepared.otherKeys };
  } catch (error) {
    throw error instanceof ChefRequestError ? explained(preparation, error) : error;
  }
}

async function findOrganization(preparation: OrganizationPreparation): Promise<OrganizationFacts | undefined> {
  const { admin, server, organization: name, onStep } = preparation;
  if (admin.members === null) {
    onStep({ step: 'organization', outcome: 'skipped', text: 'the server has none' });
    return undefined;
  }
  const organization = await admin.members.read();
  if (organization === 'missing') {
    throw refusal(
      'NO_ORGANIZATION',
      `There is no organization ${name} on ${server}: make it there with \`chef-server-ctl org-create ${name} ${name}\` and run this again.`,
    );
  }
  if (isDenied(organization)) throw adminDenied(preparation, `read the organization ${name}`, organization);
  const guid = organization.guid === undefined ? '' : `, guid ${organization.guid}`;
  onStep({ step: 'organization', outcome: 'found', text: `${organization.name} (${organization.fullName}${guid})` });
  return organization;
}

function keySteps({ user, store, server }: OrganizationPreparation, prepared: PreparedUser): readonly PreparedStep[] {
  const { place } = store;
  const texts = {
    found: `the one in ${place} is the user's`,
    made: `made here; the private key is in ${place} and nowhere else`,
    added: `made here and added to the user; the private key is in ${place} and nowhere else`,
    rotated: `replaced by a new one, which is in ${place}; the old one is removed`,
    'rotation finished': `the rotation that was interrupted is finished: the key that the one in ${place} replaced is removed`,
  } as const;
  const others =
    prepared.otherKeys.length === 0
      ? ''
      : `; the user also has ${prepared.otherKeys.join(', ')} on ${server}: remove what nobody uses with chef-server-ctl delete-user-key ${user} NAME`;
  return [
    { step: 'user', outcome: prepared.user === 'created' ? 'done' : 'found', text: user },
    { step: 'key', outcome: prepared.key === 'found' ? 'found' : 'done', text: `${texts[prepared.key]}${others}` },
  ];
}

/** Without organizations an admin may write everything, and everybody else read it. */
async function joinServer(
  preparation: OrganizationPreparation,
  admin: FlatUserAccounts,
): Promise<Pick<PreparedOrganization, 'actors'>> {
  const { user, isReader, onStep } = preparation;
  onStep({ step: 'membership', outcome: 'skipped', text: 'there is no organization to belong to' });
  if (isReader) {
    onStep({ step: 'group', outcome: 'skipped', text: 'there are no groups; every user may read' });
  } else if (await admin.isAdmin(user)) {
    onStep({ step: 'group', outcome: 'found', text: 'there are no groups; the user is an admin' });
  } else {
    const made = await admin.makeAdmin(user);
    if (isDenied(made)) throw adminDenied(preparation, `make ${user} an admin`, made);
    onStep({ step: 'group', outcome: 'done', text: 'there are no groups; the user is made an admin' });
  }
  return {};
}

async function joinOrganization(
  preparation: OrganizationPreparation,
  admin: OrganizationMembers,
  self: ServerAccess,
): Promise<Pick<PreparedOrganization, 'groups' | 'actors'>> {
  const { onStep, isReader } = preparation;
  onStep(await becomeMember(preparation, admin, self));
  const group = isReader ? 'users' : 'admins';
  onStep(await joinGroup(preparation, admin, group, self));
  const names = await admin.groupNames();
  const members = await admin.group(group);
  return {
    ...(!isDenied(names) && { groups: names }),
    ...(!isDenied(members) && {
      actors: { group, ...members, groups: members.groups.filter((name) => !isPersonalGroup(name)) },
    }),
  };
}

async function becomeMember(
  preparation: OrganizationPreparation,
  admin: OrganizationMembers,
  self: ServerAccess,
): Promise<PreparedStep> {
  const { user, organization } = preparation;
  const step = 'membership';
  if (await admin.has(user)) return { step, outcome: 'found', text: `a member of ${organization}` };
  // Only the superuser may; an admin of the organization invites instead.
  if (!isDenied(await admin.associate(user)))
    return { step, outcome: 'done', text: `made a member of ${organization}` };
  const invited = await admin.invite(user);
  if (isDenied(invited)) throw adminDenied(preparation, `make ${user} a member of ${organization}`, invited);
  const accepted = (await self.members?.acceptInvitation(user)) ?? 'not invited';
  if (isDenied(accepted) || accepted === 'not invited') {
    const why = isDenied(accepted) ? accepted.denied : 'the server shows the user no invitation';
    throw refusal(
      'INVITATION',
      `The user ${user} of ${preparation.server} cannot accept its invitation to ${organization} (${why}): give the superuser (pivotal) as --admin-user, or run \`chef-server-ctl org-user-add ${organization} ${user}\` there.`,
    );
  }
  return { step, outcome: 'done', text: `invited to ${organization}, and it accepted` };
}

async function joinGroup(
  preparation: OrganizationPreparation,
  admin: OrganizationMembers,
  group: string,
  self: ServerAccess,
): Promise<PreparedStep> {
  const { user, server, organization, isReader } = preparation;
  const step = 'group';
  const readGroup = async (): Promise<GroupMembers> => {
    const members = await admin.group(group);
    if (isDenied(members)) throw adminDenied(preparation, `see the group ${group} of ${organization}`, members);
    return members;
  };
  const before = await readGroup();
  if (before.users.includes(user)) return { step, outcome: 'found', text: `in ${group}` };
  // Members belong to `users` through a group of their own, which the answer shows as an id.
  if (isReader && (await self.check.read()) === 'allowed') {
    return { step, outcome: 'found', text: `in ${group}, as every member` };
  }
  const replaced = await admin.replaceGroup(group, { ...before, users: [...before.users, user] });
  if (isDenied(replaced))
    throw adminDenied(preparation, `add ${user} to the group ${group} of ${organization}`, replaced);
  const after = await readGroup();
  const lost = [...before.users, ...before.clients, ...before.groups].filter(
    (name) => ![...after.users, ...after.clients, ...after.groups].includes(name),
  );
  if (!after.users.includes(user)) {
    throw refusal(
      'NOT_IN_GROUP',
      `${user} was added to the group ${group} of ${organization} on ${server}, and is not in it: run \`chef-server-ctl org-user-add ${organization} ${user}${isReader ? '' : ' --admin'}\` there.`,
    );
  }
  const warning = lost.length === 0 ? '' : `; the server dropped ${lost.join(', ')}, which it does not know`;
  return { step, outcome: 'done', text: `added to ${group}${warning}` };
}

async function tryAccess(
  preparation: OrganizationPreparation,
  check: AccessCheck,
  isWriter: boolean,
): Promise<PreparedStep> {
  const read = await check.read();
  if (read !== 'allowed') throw userDenied(preparation, read);
  const written = isWriter ? await check.write() : 'allowed';
  if (written !== 'allowed') throw userDenied(preparation, written);
  const text = 'reads cookbooks, data bags, roles and environments';
  return { step: 'check', outcome: 'done', text: isWriter ? `${text}; wrote and deleted a data bag` : text };
}

function userDenied({ server, user, isReader }: OrganizationPreparation, { what, denied }: DeniedRequest): SyncError {
  const next = isReader
    ? 'run it again without --reader, or let the group users do it'
    : 'look at the permissions of that kind of object, which an admin of the organization may have taken from admins';
  return refusal('USER_MAY_NOT', `${user} may not ${what} on ${server} (${denied}): ${next}.`);
}

const adminDenied = ({ server }: OrganizationPreparation, what: string, { denied }: Denied): SyncError =>
  refusal(
    'ADMIN_MAY_NOT',
    `This admin may not ${what} on ${server} (${denied}): give the superuser (pivotal), or an admin of the organization, as --admin-user.`,
  );

function explained({ server }: OrganizationPreparation, error: ChefRequestError): SyncError {
  const { request, text, cause, status = 0 } = error.failure;
  const options = { cause: error };
  if (cause === 'status' && status === 401) {
    const sentence = `The admin's signature is refused by ${server} (${request}: ${text}): check --admin-user and --admin-key.`;
    return refusal('ADMIN_UNKNOWN', sentence, options);
  }
  if (cause === 'status' && status < 500) {
    const sentence = `A request is refused by ${server} (${request}: ${text}): put that right and run it again.`;
    return refusal('REFUSED', sentence, options);
  }
  if (cause === 'unexpected-answer') {
    const sentence = `The answer of ${server} is not that of a Chef server with organizations (${request}: ${text}): when it has none, write \`organization: none\` under it in the configuration.`;
    return new SyncError(sentence, { code: 'UNEXPECTED_ANSWER', scope: 'endpoint', retry: 'never' }, options);
  }
  const sentence = `Not all could be done, because of ${server} (${request}: ${text}): run it again when that is right.`;
  return new SyncError(sentence, { code: 'UNREACHABLE', scope: 'endpoint', retry: 'later' }, options);
}
