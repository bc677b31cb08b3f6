import type { Requestor } from './access-rights.ts';
import type { ActorKey, KeyOwner } from './actor-key.ts';
import type { OrganizationStore } from './organization-store.ts';
import type { ServerDirectory } from './server-directory.ts';

/** A key that a request of this name may have been signed with. */
export interface CandidateKey {
  readonly requestor: Requestor;
  readonly key: ActorKey;
}

/** The current and former keys of everyone of this name: of a user of the server, of a client of the organization. */
export function candidateKeys(
  { users }: ServerDirectory,
  organization: OrganizationStore | undefined,
  name: string,
): readonly CandidateKey[] {
  const candidates = (owner: KeyOwner | undefined, kind: Requestor['kind'], isSuperuser: boolean): CandidateKey[] =>
    [...(owner?.keys.values() ?? [])].map((key) => ({
      requestor: { kind, name, keyName: key.name, isSuperuser },
      key,
    }));
  const user = users.get(name);
  return [
    ...candidates(user, 'user', user?.isSuperuser ?? false),
    ...candidates(organization?.membership.clients.get(name), 'client', false),
  ];
}
