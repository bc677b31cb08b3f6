import { jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, jsonBody, nameList, type Route } from './api-request.ts';
import { member, withMember, writeJson } from './json-text.ts';
import { normaliseRole } from './role-document.ts';

export const roleRoutes: readonly Route[] = [
  {
    path: 'roles',
    container: 'roles',
    GET: ({ organization, organizationUrl }) =>
      jsonAnswer(200, nameList(organization.roles.keys(), `${organizationUrl}/roles`)),
    POST: (request) => {
      const { name, role } = normaliseRole(jsonBody(request));
      if (request.organization.roles.has(name)) refuse(409, 'Role already exists');
      request.organization.setRole(name, writeJson(role));
      const uri = `${request.organizationUrl}/roles/${name}`;
      return jsonAnswer(201, JSON.stringify({ uri }), { location: uri });
    },
  },
  {
    path: 'roles/:name',
    container: 'roles',
    GET: (request, name) => jsonAnswer(200, storedRole(request, name)),
    PUT: (request, name) => {
      const body = jsonBody(request);
      storedRole(request, name);
      if ((member(body, 'name') ?? name) !== name) refuse(400, 'Role name mismatch.');
      const text = writeJson(normaliseRole(withMember(body, 'name', name)).role);
      request.organization.setRole(name, text);
      return jsonAnswer(200, text);
    },
    DELETE: (request, name) => {
      const text = storedRole(request, name);
      request.organization.deleteRole(name);
      return jsonAnswer(200, text);
    },
  },
];

function storedRole({ organization }: ApiRequest, name: string): string {
  return organization.roles.get(name) ?? refuse(404, `Cannot load role ${name}`);
}
