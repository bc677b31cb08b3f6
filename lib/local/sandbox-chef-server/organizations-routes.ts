import { demand } from './access-rights.ts';
import { createActorKey, generatePemKeyPair } from './actor-key.ts';
import { type Answer, jsonAnswer, refuseWithText } from './answer.ts';
import { jsonBody, nameList, type ServerRequest, type ServerRoute } from './api-request.ts';
import { requiredText } from './check-fields.ts';
import { organizationFullName, organizationName } from './chef-names.ts';

/** The list of organizations; only the superuser may see it and add to it. */
export const organizationsRoutes: readonly ServerRoute[] = [
  {
    path: 'organizations',
    GET: ({ requestor, directory, origin }) => {
      demand(requestor.isSuperuser, 'read');
      return jsonAnswer(200, nameList(directory.organizations.keys(), `${origin}/organizations`));
    },
    POST: postOrganization,
  },
];

/** Makes an organization with its validator; whoever made it is in `admins` and `users`, but not associated. */
async function postOrganization(request: ServerRequest): Promise<Answer> {
  const { directory, requestor, origin } = request;
  const body = jsonBody(request);
  const name = requiredText(body, 'name', organizationName);
  const fullName = requiredText(body, 'full_name', organizationFullName);
  demand(requestor.isSuperuser, 'create');
  if (directory.organizations.has(name)) refuseWithText(409, 'Organization already exists');

  const { membership } = directory.createOrganization(name, fullName);
  for (const group of ['admins', 'users']) membership.groups.get(group)?.users.add(requestor.name);
  const { publicKey, privateKey } = await generatePemKeyPair();
  const clientname = `${name}-validator`;
  membership.addClient(clientname, [createActorKey('default', publicKey)], true);
  const uri = `${origin}/organizations/${name}`;
  return jsonAnswer(201, JSON.stringify({ uri, clientname, private_key: privateKey }), { location: uri });
}
