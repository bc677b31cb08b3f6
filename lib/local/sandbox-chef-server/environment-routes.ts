import { jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, jsonBody, nameList, type Route } from './api-request.ts';
import { normaliseEnvironment } from './environment-document.ts';
import { writeJson } from './json-text.ts';

export const environmentRoutes: readonly Route[] = [
  {
    path: 'environments',
    container: 'environments',
    GET: ({ organization, organizationUrl }) =>
      jsonAnswer(200, nameList(organization.environments.keys(), `${organizationUrl}/environments`)),
    POST: (request) => {
      const { name, environment } = normaliseEnvironment(jsonBody(request));
      if (request.organization.environments.has(name)) refuse(409, 'Environment already exists');
      request.organization.setEnvironment(name, writeJson(environment));
      const uri = `${request.organizationUrl}/environments/${name}`;
      return jsonAnswer(201, JSON.stringify({ uri }), { location: uri });
    },
  },
  {
    path: 'environments/:name',
    container: 'environments',
    GET: (request, name) => jsonAnswer(200, storedEnvironment(request, name)),
    PUT: (request, name) => {
      refuseDefault(name);
      const { name: newName, environment } = normaliseEnvironment(jsonBody(request));
      storedEnvironment(request, name);
      const text = writeJson(environment);
      if (newName === name) {
        request.organization.setEnvironment(name, text);
        return jsonAnswer(200, text);
      }
      if (request.organization.environments.has(newName)) refuse(409, 'Environment already exists');
      request.organization.setEnvironment(newName, text);
      request.organization.deleteEnvironment(name);
      return jsonAnswer(201, text, { location: `${request.organizationUrl}/environments/${newName}` });
    },
    DELETE: (request, name) => {
      refuseDefault(name);
      const text = storedEnvironment(request, name);
      request.organization.deleteEnvironment(name);
      return jsonAnswer(200, text);
    },
  },
];

function storedEnvironment({ organization }: ApiRequest, name: string): string {
  return organization.environments.get(name) ?? refuse(404, `Cannot load environment ${name}`);
}

function refuseDefault(name: string): void {
  if (name === '_default') refuse(405, "The '_default' environment cannot be modified.");
}
