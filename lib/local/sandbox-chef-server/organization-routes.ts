import { type Answer, errorAnswer, jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, type Handler, jsonBody, type Route } from './api-request.ts';
import { requiredText } from './check-fields.ts';
import { organizationFullName } from './chef-names.ts';
import type { OrganizationStore } from './organization-store.ts';

const emptyList: Handler = () => jsonAnswer(200, '{}');
const notFound: Handler = () => errorAnswer(404, 'not_found');

/** The organization itself, its change feed, and the object kinds that this server has only as empty lists. */
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
  { path: 'cookbook_artifacts', container: 'cookbook_artifacts', GET: emptyList },
  { path: 'cookbook_artifacts/:name', container: 'cookbook_artifacts', GET: notFound },
  { path: 'cookbook_artifacts/:name/:identifier', container: 'cookbook_artifacts', GET: notFound },
  { path: 'policies', container: 'policies', GET: emptyList },
  { path: 'policies/:name', container: 'policies', GET: notFound },
  { path: 'policy_groups', container: 'policy_groups', GET: emptyList },
  { path: 'policy_groups/:name', container: 'policy_groups', GET: notFound },
  { path: 'nodes', container: 'nodes', GET: emptyList },
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
