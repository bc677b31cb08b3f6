import { demand, isPermitted, permissionOf } from './access-rights.ts';
import { createActorKey } from './actor-key.ts';
import { type Answer, jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, demandPermission, jsonBody, nameList, type Route } from './api-request.ts';
import { checkFlag } from './check-fields.ts';
import { plainName } from './chef-names.ts';
import { type JsonObject, member, withDefaults, writeJson } from './json-text.ts';
import { defaultKey, generatedKey, readKeyMaterial, readKeyMaterialV0, refuseKeyMaterial } from './key-document.ts';
import type { Client } from './organization-membership.ts';

export const clientRoutes: readonly Route[] = [
  {
    path: 'clients',
    GET: (request) => {
      demandPermission(request, 'clients');
      const names = request.organization.membership.clients.keys();
      return jsonAnswer(200, nameList(names, `${request.organizationUrl}/clients`));
    },
    POST: postClient,
  },
  {
    path: 'clients/:name',
    GET: (request, name) => jsonAnswer(200, clientText(request, permittedClient(request, name))),
    PUT: putClient,
    DELETE: (request, name) => {
      const client = permittedClient(request, name);
      request.organization.membership.removeClient(name);
      return jsonAnswer(200, clientText(request, client));
    },
  },
];

/** The client of this name; refuses with 404 where there is none. */
export function storedClient({ organization }: ApiRequest, name: string): Client {
  return organization.membership.clients.get(name) ?? refuse(404, `Cannot load client ${name}`);
}

async function postClient(request: ApiRequest): Promise<Answer> {
  const { organization, apiVersion, organizationUrl } = request;
  const { membership } = organization;
  const body = jsonBody(request);
  const name = clientName(body) ?? refuse(400, "Field 'name' missing");
  const isValidator = member(body, 'validator') === true;
  const material =
    apiVersion === 0 ? ((await readKeyMaterialV0(body)) ?? (await generatedKey())) : await readKeyMaterial(body);
  demand(mayCreateClient(request, isValidator), 'create');
  if (membership.clients.has(name)) refuse(409, 'Client already exists');

  const uri = `${organizationUrl}/clients/${name}`;
  const made = material && defaultKey(material, `${uri}/keys`);
  const rowKey = apiVersion === 0 ? material?.publicKeyPem : undefined;
  membership.addClient(name, made ? [made.key] : [], isValidator, rowKey);
  const keyPart =
    apiVersion === 0
      ? { public_key: material?.publicKeyPem, private_key: material?.privateKey }
      : { chef_key: made?.chefKey };
  return jsonAnswer(201, JSON.stringify({ uri, ...keyPart }), { location: uri });
}

/** A validator may make clients, though no access list says so, but no other validator. */
function mayCreateClient({ organization, requestor }: ApiRequest, isValidator: boolean): boolean {
  const { membership } = organization;
  if (isPermitted(membership, requestor, 'clients', 'create')) return true;
  return requestor.kind === 'client' && membership.clients.get(requestor.name)?.isValidator === true && !isValidator;
}

/**
 * Renames a client or makes it a validator. A change writes its row, and the database then puts the row's public key back
 * as the key `default`: the first key for a client that version 0 of the API made, none at all for a later one.
 */
async function putClient(request: ApiRequest, name: string): Promise<Answer> {
  const { organization, apiVersion } = request;
  const body = jsonBody(request);
  if (apiVersion > 0) refuseKeyMaterial(body);
  const newName = clientName(body) ?? name;
  const client = permittedClient(request, name);
  const isValidator = member(body, 'validator') === undefined ? client.isValidator : member(body, 'validator') === true;
  if (newName !== name && organization.membership.clients.has(newName)) refuse(409, 'Client already exists');

  const material = apiVersion === 0 ? await readKeyMaterialV0(body) : undefined;
  const rowPublicKeyPem =
    apiVersion === 0 ? (material?.publicKeyPem ?? client.keys.get('default')?.publicKeyPem) : client.rowPublicKeyPem;
  const isChanged = newName !== name || isValidator !== client.isValidator || material !== undefined;
  if (isChanged) {
    if (rowPublicKeyPem === undefined) client.keys.delete('default');
    else client.keys.set('default', createActorKey('default', rowPublicKeyPem));
    organization.membership.replaceClient(name, { ...client, name: newName, isValidator, rowPublicKeyPem });
  }
  const answer = withDefaults(body, [
    ['name', newName],
    ['clientname', newName],
    ['validator', isValidator],
    ['json_class', 'Chef::ApiClient'],
    ['chef_type', 'client'],
  ]);
  const echo =
    material?.privateKey === undefined ? answer : withDefaults(answer, [['private_key', material.privateKey]]);
  if (newName === name) return jsonAnswer(200, writeJson(echo));
  return jsonAnswer(201, writeJson(echo), { location: `${request.organizationUrl}/clients/${newName}` });
}

/** The client, once it is sure that the requestor may use the method on it; a client that is no validator may on itself. */
function permittedClient(request: ApiRequest, name: string): Client {
  const { organization, requestor } = request;
  const client = storedClient(request, name);
  const isSelf = requestor.kind === 'client' && requestor.name === name && !client.isValidator;
  const permission = permissionOf(request.method);
  demand(isSelf || isPermitted(organization.membership, requestor, 'clients', permission), permission);
  return client;
}

/** The name that a body gives a client, under either key. */
function clientName(body: JsonObject): string | undefined {
  checkFlag(body, 'validator');
  const [name, clientname] = [member(body, 'name'), member(body, 'clientname')];
  if (name !== undefined && clientname !== undefined && name !== clientname) {
    refuse(400, 'name and clientname must match');
  }
  const either = name ?? clientname;
  if (either === undefined) return undefined;
  return typeof either === 'string' && plainName.test(either) ? either : refuse(400, "Field 'name' invalid");
}

function clientText({ organization, apiVersion }: ApiRequest, client: Client): string {
  return JSON.stringify({
    ...(apiVersion === 0 ? { public_key: client.keys.get('default')?.publicKeyPem ?? null } : {}),
    name: client.name,
    clientname: client.name,
    validator: client.isValidator,
    orgname: organization.name,
    json_class: 'Chef::ApiClient',
    chef_type: 'client',
  });
}
