import { demand, isPermitted, mayChangeUser, mayReadUser, permissionOf } from './access-rights.ts';
import { type ActorKey, createActorKey, isCurrent, type KeyOwner, keyDocument } from './actor-key.ts';
import { type Answer, jsonAnswer, refuse, refuseWithText } from './answer.ts';
import { type ApiRequest, jsonBody, type Route, type ServerRequest, type ServerRoute } from './api-request.ts';
import { storedClient } from './client-routes.ts';
import { member, withMember, withoutMembers, writeJson } from './json-text.ts';
import { readExpiration, readKeyMaterial, readKeyName } from './key-document.ts';
import { storedUser } from './user-routes.ts';

/** What a list of keys and each key of it answer. */
const routesOf = <Request extends ServerRequest>(path: string, keysOf: (request: Request, name: string) => KeyList) =>
  [
    {
      path,
      GET: (request: Request, name: string) => listKeys(request, keysOf(request, name)),
      POST: (request: Request, name: string) => createKey(request, keysOf(request, name)),
    },
    {
      path: `${path}/:key`,
      GET: (request: Request, name: string, key: string) => showKey(keysOf(request, name), key),
      PUT: (request: Request, name: string, key: string) => replaceKey(request, keysOf(request, name), key),
      DELETE: (request: Request, name: string, key: string) => removeKey(request, keysOf(request, name), key),
    },
  ] as const;

/** The keys of users of the server. */
export const userKeyRoutes: readonly ServerRoute[] = routesOf('users/:name/keys', userKeys);

/** The keys of an organization's clients. */
export const clientKeyRoutes: readonly Route[] = routesOf('clients/:name/keys', clientKeys);

/** The keys of users as an organization sees them: it can only read them. */
export const memberKeyRoutes: readonly Route[] = [
  { path: 'users/:name/keys', GET: (request, name) => listKeys(request, memberKeys(request, name)) },
  { path: 'users/:name/keys/:key', GET: (request, name, key) => showKey(memberKeys(request, name), key) },
];

/** Whose keys a request is about, after it has been checked that the requestor may use its method on them. */
interface KeyList {
  readonly owner: KeyOwner;
  readonly url: string;
  /** True when the request was signed by the owner. */
  readonly isOwn: boolean;
}

function userKeys(request: ServerRequest, name: string): KeyList {
  const { requestor, directory, method } = request;
  const owner = storedUser(request, name);
  const memberships = [...directory.organizations.values()].map(({ membership }) => membership);
  if (method === 'GET') demand(mayReadUser(requestor, owner, memberships), 'read');
  else demand(mayChangeUser(requestor, owner), permissionOf(method));
  return { owner, url: `${request.origin}/users/${name}/keys`, isOwn: isBy(request, 'user', name) };
}

function clientKeys(request: ApiRequest, name: string): KeyList {
  const { organization, requestor, method } = request;
  const owner = storedClient(request, name);
  const isOwn = isBy(request, 'client', name);
  if (method === 'GET') demandKeyReading(request);
  else {
    const isAllowed = isOwn || isPermitted(organization.membership, requestor, 'clients', 'update');
    demand(isAllowed, permissionOf(method));
  }
  return { owner, url: `${request.organizationUrl}/clients/${name}/keys`, isOwn };
}

function memberKeys(request: ApiRequest, name: string): KeyList {
  const owner = storedUser(request, name);
  demandKeyReading(request);
  return { owner, url: `${request.organizationUrl}/users/${name}/keys`, isOwn: isBy(request, 'user', name) };
}

function demandKeyReading({ organization, requestor }: ApiRequest): void {
  demand(requestor.isSuperuser || organization.membership.isInGroup(requestor, 'public_key_read_access'), 'read');
}

function isBy({ requestor }: ServerRequest, kind: 'user' | 'client', name: string): boolean {
  return requestor.kind === kind && requestor.name === name;
}

function listKeys({ nowMs }: ServerRequest, { owner, url }: KeyList): Answer {
  const keys = [...owner.keys.values()].map((key) => ({
    uri: `${url}/${key.name}`,
    name: key.name,
    expired: !isCurrent(key, nowMs),
  }));
  return jsonAnswer(200, JSON.stringify(keys));
}

async function createKey(request: ServerRequest, { owner, url }: KeyList): Promise<Answer> {
  const body = jsonBody(request);
  const name = readKeyName(body);
  const material = await readKeyMaterial(body);
  if (material === undefined) {
    return refuse(400, "You must either provide a valid value for 'public_key', or specify 'create_key': true");
  }
  const key = createActorKey(name, material.publicKeyPem, readExpiration(body));
  refuseKnownName(owner, name);
  owner.keys.set(name, key);
  const uri = `${url}/${name}`;
  return jsonAnswer(201, JSON.stringify({ uri, private_key: material.privateKey }), { location: uri });
}

function showKey({ owner }: KeyList, name: string): Answer {
  return jsonAnswer(200, JSON.stringify(keyDocument(storedKey(owner, name))));
}

/** Changes what the body names of a key, and leaves the rest. A new name answers 201. */
async function replaceKey(request: ServerRequest, list: KeyList, name: string): Promise<Answer> {
  const { owner, url } = list;
  const body = jsonBody(request);
  const named = ['name', 'public_key', 'create_key', 'expiration_date'].filter(
    (key) => member(body, key) !== undefined,
  );
  if (named.length === 0) {
    refuseWithText(400, "At least one of 'name', 'expiration_date', or 'public_key' must be specified");
  }
  const newName = named.includes('name') ? readKeyName(body) : name;
  const material = await readKeyMaterial(body);
  const expiresAtMs = named.includes('expiration_date') ? readExpiration(body) : undefined;
  refuseKeyInUse(request, list, name);
  const former = storedKey(owner, name);
  const key = createActorKey(newName, material?.publicKeyPem ?? former.publicKeyPem, expiresAtMs ?? former.expiresAtMs);
  if (newName !== name) refuseKnownName(owner, newName);
  owner.keys.delete(name);
  owner.keys.set(newName, key);

  const kept = withoutMembers(body, ['create_key']);
  const pair = material?.privateKey;
  const echo =
    pair === undefined
      ? kept
      : withMember(withMember(kept, 'private_key', pair), 'public_key', material?.publicKeyPem ?? '');
  if (newName === name) return jsonAnswer(200, writeJson(echo));
  return jsonAnswer(201, writeJson(echo), { location: `${url}/${newName}` });
}

function removeKey(request: ServerRequest, list: KeyList, name: string): Answer {
  refuseKeyInUse(request, list, name);
  const key = storedKey(list.owner, name);
  list.owner.keys.delete(name);
  return jsonAnswer(200, JSON.stringify(keyDocument(key)));
}

function storedKey(owner: KeyOwner, name: string): ActorKey {
  return owner.keys.get(name) ?? refuseWithText(404, `There is no key named ${name} associated with ${owner.name}.`);
}

/** The key that signed a request cannot be changed or removed by it. */
function refuseKeyInUse({ requestor }: ServerRequest, { isOwn }: KeyList, name: string): void {
  if (!isOwn || requestor.keyName !== name) return;
  refuseWithText(403, `The key '${name}' was used to authenticate this request and cannot be modified or deleted.`);
}

function refuseKnownName(owner: KeyOwner, name: string): void {
  if (owner.keys.has(name)) refuseWithText(409, `a key with the name '${name}' already exists for this actor.`);
}
