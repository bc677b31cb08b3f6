import type { KeyOwner } from './actor-key.ts';
import { jsonAnswer, refuse } from './answer.ts';
import type { ApiRequest, Route } from './api-request.ts';

/** Who has a name, as whoever belongs to the organization may read. The real server asks for no signature here. */
export const principalRoutes: readonly Route[] = [
  {
    path: 'principals/:name',
    GET: (request, name) => {
      const principals = principalsOf(request, name);
      const [first] = principals;
      if (first === undefined) refuse(404, `Cannot find principal ${name}`);
      return jsonAnswer(200, JSON.stringify(request.apiVersion === 0 ? first : { principals }));
    },
  },
];

interface Principal {
  readonly name: string;
  readonly public_key: string | null;
  readonly type: 'user' | 'client';
  readonly authz_id: string;
  readonly org_member: boolean;
}

/** A user of the server and a client of the organization may have one name. */
function principalsOf({ organization, directory }: ApiRequest, name: string): readonly Principal[] {
  const { users, clients } = organization.membership;
  const shown = (owner: KeyOwner & { readonly id: string }, type: Principal['type'], isMember: boolean): Principal => ({
    name,
    public_key: owner.keys.get('default')?.publicKeyPem ?? null,
    type,
    authz_id: owner.id,
    org_member: isMember,
  });
  const user = directory.users.get(name);
  const client = clients.get(name);
  return [
    ...(client === undefined ? [] : [shown(client, 'client', true)]),
    ...(user === undefined ? [] : [shown(user, 'user', users.has(name))]),
  ];
}
