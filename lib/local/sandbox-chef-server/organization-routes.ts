import { type Answer, jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, jsonBody, type Route } from './api-request.ts';
import { requiredText } from './check-fields.ts';
import { organizationFullName } from './chef-names.ts';
import type { OrganizationStore } from './organization-store.ts';

/** The organization itself, its change feed, and the nodes, of which this server has only an empty list. */
export const organizationRoutes: readonly Route[] = [
  {
    path: '',
    container: 'organization',
    GET: ({ organization }) => jsonAnswer(200, organizationText(organization)),
    PUT: (request) => {
      const { organization } = request;
      const body = jsonBody(request);
      requiredText(body, 'name', new RegExp(`^${organization.name}$`));
      organization.fullName = requiredText(body, 'full_name', organizationFullName);
      return jsonAnswer(200, JSON.stringify({ name: organization.name, full_name: organization.fullName }));
    },
    DELETE: ({ organization, directory }) => {
      directory.organizations.delete(organization.name);
      return jsonAnswer(200, organizationText(organization));
    },
  },
  { path: 'updated_since', container: 'organization', GET: updatedSince, isServed: ({ feed }) => feed.isServed },
  { path: 'nodes', container: 'nodes', GET: () => jsonAnswer(200, '{}') },
];

function organizationText({ name, fullName, guid }: OrganizationStore): string {
  return JSON.stringify({ name, full_name: fullName, guid });
}

function updatedSince({ organization, query }: ApiRequest): Answer {
  const { feed } = organization;
  const seq = query.get('seq') ?? '0';
  if (!/^-?\d+$/.test(seq)) refuse(400, `invalid 'seq' value: '${seq}'`);
  const prefix = feed.hasOrganizationPrefix ? `/organizations/${organization.name}` : '';
  // Written by hand: JSON.stringify has no form for ids beyond 2^53.
  const events = feed
    .since(BigInt(seq))
    .map(({ action, id, path }) => `{"action":"${action}","id":${id},"path":${JSON.stringify(prefix + path)}}`);
  return jsonAnswer(200, `[${events.join(',')}]`);
}
