import { type Answer, errorAnswer, jsonAnswer, refuse } from './answer.ts';
import type { ApiRequest, Handler, Route } from './api-request.ts';

const emptyList: Handler = () => jsonAnswer(200, '{}');
const notFound: Handler = () => errorAnswer(404, 'not_found');

/** The organization itself, its change feed, and the object kinds that this server has only as empty lists. */
export const organizationRoutes: readonly Route[] = [
  {
    path: '',
    GET: ({ organization }) =>
      jsonAnswer(
        200,
        JSON.stringify({ name: organization.name, full_name: organization.name, guid: organization.guid }),
      ),
  },
  { path: 'updated_since', GET: updatedSince, isServed: ({ feed }) => feed.isServed },
  { path: 'cookbook_artifacts', GET: emptyList },
  { path: 'cookbook_artifacts/:name', GET: notFound },
  { path: 'cookbook_artifacts/:name/:identifier', GET: notFound },
  { path: 'policies', GET: emptyList },
  { path: 'policies/:name', GET: notFound },
  { path: 'policy_groups', GET: emptyList },
  { path: 'policy_groups/:name', GET: notFound },
  { path: 'nodes', GET: emptyList },
];

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
