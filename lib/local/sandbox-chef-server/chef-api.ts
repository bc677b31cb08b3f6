import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type Answer,
  errorAnswer,
  htmlAnswer,
  jsonAnswer,
  noRouteAnswer,
  RefusedRequestError,
  refuse,
} from './answer.ts';
import { type ApiVersions, apiVersionHeader, negotiateApiVersion } from './api-version.ts';
import { organizationName } from './chef-names.ts';
import type { FaultSwitches } from './fault-switches.ts';
import type { FileStorage } from './file-storage.ts';
import { findRoute, handlerOf } from './find-route.ts';
import type { OrganizationStore } from './organization-store.ts';
import { overloadAnswer } from './overload.ts';
import { seededRandom } from './seeded-random.ts';
import { rightsIn, type User } from './users.ts';
import { checkSignatureHeaders, verifySignature } from './verify-signature.ts';

/** A request as it came, body included. */
export interface HttpRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** How many requests the server had in hand when it came, this one included. */
  readonly inFlight: number;
}

export interface ChefApiSettings {
  readonly users: ReadonlyMap<string, User>;
  readonly organizations: ReadonlyMap<string, OrganizationStore>;
  /** Set: paths have no `/organizations/ORG`, and this is the organization. */
  readonly onlyOrganization: string | undefined;
  readonly apiVersions: ApiVersions;
  readonly maxJsonBytes: number;
  readonly newCookbookMs: number;
  readonly files: FileStorage;
  readonly faults: FaultSwitches;
  readonly now: () => number;
}

/** Answers one request to the API with the checks in the order in which a Chef Infra Server makes them. */
export type ChefApi = (request: HttpRequest) => Promise<Answer>;

export function createChefApi(settings: ChefApiSettings): ChefApi {
  const { users, organizations, onlyOrganization, apiVersions, maxJsonBytes, faults, now } = settings;
  const random = overloadRandom(faults);

  const target = (path: string): { readonly name: string; readonly below: string } | undefined => {
    if (onlyOrganization !== undefined) return { name: onlyOrganization, below: path.slice(1) };
    const [, name = '', below = ''] = /^\/organizations\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
    return organizationName.test(name) ? { name, below } : undefined;
  };

  const authenticate = (request: HttpRequest): User => {
    checkSignatureHeaders(request.headers);
    if (request.body.length > maxJsonBytes) throw new RefusedRequestError(bodyTooLarge(maxJsonBytes));
    return verifySignature(request, users, now());
  };

  const lieWhenOverloaded = async (request: HttpRequest, path: string, organization: string): Promise<void> => {
    const { overload } = faults;
    if (overload === undefined) return;
    await wait(overload.answerMs ?? 5);
    const isOverloaded =
      request.inFlight > (overload.beyondInFlight ?? Number.POSITIVE_INFINITY) ||
      random() < (overload.probability ?? 0);
    if (!isOverloaded) return;
    const user = headerText(request.headers, 'x-ops-userid') ?? '';
    const lie = overloadAnswer({ method: request.method, path, user, organization }, random);
    if (lie !== undefined) throw new RefusedRequestError(lie);
  };

  const answer = async (request: HttpRequest): Promise<Answer> => {
    const chefVersion = headerText(request.headers, 'x-chef-version');
    if (chefVersion === undefined) return frontPage();
    if (!(Number.parseInt(chefVersion, 10) >= 10)) return unsupportedClient();

    const versionHeader = headerText(request.headers, 'x-ops-server-api-version');
    if (request.path === '/server_api_version' && request.method === 'GET') {
      authenticate(request);
      return jsonAnswer(200, JSON.stringify({ min_api_version: apiVersions.min, max_api_version: apiVersions.max }));
    }
    const path = request.path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
    const found = target(path);
    const route = found && findRoute(found.below);
    const organization = found && organizations.get(found.name);
    if (found === undefined || route === undefined) return noRouteAnswer();
    if (organization && route.route.isServed?.(organization) === false) return noRouteAnswer();

    const apiVersion = negotiateApiVersion(versionHeader, apiVersions);
    await lieWhenOverloaded(request, found.below, found.name);
    if (organization === undefined) refuse(404, `organization '${found.name}' does not exist.`);
    const handler = handlerOf(route.route, request.method);
    if (handler === undefined) return { status: 405, headers: {}, body: '', isFromApi: true };
    const user = authenticate(request);
    checkRights(user, organization.name, request.method);
    if (request.headers['if-match'] !== undefined) return { status: 412, headers: {}, body: '', isFromApi: true };

    const origin = `http://${request.headers.host}`;
    return handler(
      {
        organization,
        origin,
        organizationUrl: onlyOrganization === undefined ? `${origin}/organizations/${organization.name}` : origin,
        query: request.query,
        body: request.body,
        apiVersion,
        nowMs: now(),
        files: settings.files,
        faults,
        newCookbookMs: settings.newCookbookMs,
      },
      route.first,
      route.second,
    );
  };

  return async (request) => {
    const plain = await answer(request).catch(answerOfError);
    const version = apiVersionHeader(headerText(request.headers, 'x-ops-server-api-version'), apiVersions);
    if (!plain.isFromApi || version === undefined) return plain;
    return { ...plain, headers: { ...plain.headers, 'x-ops-server-api-version': version } };
  };
}

/** Ends the request unless the user may use the method in the organization. */
function checkRights(user: User, organization: string, method: string): void {
  const rights = rightsIn(user, organization);
  if (rights === 'not associated') refuse(403, `'${user.name}' not associated with organization '${organization}'`);
  if (rights === 'admin' || (rights === 'reader' && method === 'GET')) return;
  const permission = { GET: 'read', POST: 'create', PUT: 'update', DELETE: 'delete' }[method] ?? 'read';
  refuse(403, `missing ${permission} permission`);
}

/** Draws from the generator of the overload switch that is set at the time. */
function overloadRandom(faults: FaultSwitches): () => number {
  let current = faults.overload;
  let draw = seededRandom(1);
  return () => {
    if (faults.overload !== current) {
      current = faults.overload;
      draw = seededRandom(current?.seed ?? 1);
    }
    return draw();
  };
}

function answerOfError(error: unknown): Answer {
  if (error instanceof RefusedRequestError) return error.answer;
  // A fault of this simulator: named, so that it is not taken for one of the server it simulates.
  return errorAnswer(500, `the sandbox server itself failed: ${String(error)}`);
}

function bodyTooLarge(maxJsonBytes: number): Answer {
  const body = JSON.stringify({ error: `JSON must be no more than ${maxJsonBytes} bytes.` });
  return { status: 413, headers: {}, body, isFromApi: true };
}

function frontPage(): Answer {
  return htmlAnswer(200, '<html><body><h1>Are You Looking For the Chef Server?</h1></body></html>');
}

function unsupportedClient(): Answer {
  const body = JSON.stringify({ error: '400 - Bad Request: Your version of Chef is not supported.' });
  return { status: 400, headers: { 'content-type': 'application/json' }, body, isFromApi: false };
}

function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
