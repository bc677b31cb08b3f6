import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Requestor } from './access-rights.ts';
import {
  type Answer,
  errorAnswer,
  htmlAnswer,
  jsonAnswer,
  noRouteAnswer,
  RefusedRequestError,
  refuse,
} from './answer.ts';
import {
  type ApiRequest,
  demandPermission,
  type Handler,
  type MethodHandlers,
  type ServerRequest,
  type ServerRoute,
} from './api-request.ts';
import { type ApiVersions, apiVersionHeader, negotiateApiVersion } from './api-version.ts';
import { candidateKeys } from './candidate-keys.ts';
import { organizationName } from './chef-names.ts';
import type { FaultSwitches } from './fault-switches.ts';
import type { FileStorage } from './file-storage.ts';
import { type FoundRoute, findRoute, findServerRoute, handlerOf } from './find-route.ts';
import type { OrganizationStore } from './organization-store.ts';
import { overloadAnswer } from './overload.ts';
import { seededRandom } from './seeded-random.ts';
import type { ServerDirectory } from './server-directory.ts';
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
  readonly directory: ServerDirectory;
  /** Set: paths have no `/organizations/ORG`, and this is the organization. */
  readonly onlyOrganization: string | undefined;
  readonly apiVersions: ApiVersions;
  readonly maxJsonBytes: number;
  readonly insertMs: number;
  readonly files: FileStorage;
  readonly faults: FaultSwitches;
  readonly now: () => number;
}

/** Answers one request to the API with the checks in the order in which a Chef Infra Server makes them. */
export type ChefApi = (request: HttpRequest) => Promise<Answer>;

export function createChefApi(settings: ChefApiSettings): ChefApi {
  const { directory, onlyOrganization, apiVersions, maxJsonBytes, faults, now } = settings;
  const { organizations } = directory;
  const random = overloadRandom(faults);

  const target = (path: string): { readonly name: string; readonly below: string } | undefined => {
    if (onlyOrganization !== undefined) return { name: onlyOrganization, below: path.slice(1) };
    const [, name = '', below = ''] = /^\/organizations\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
    return organizationName.test(name) ? { name, below } : undefined;
  };

  /** What is refused before the server looks for the organization or for whoever signed. */
  const checkForm = (request: HttpRequest): void => {
    checkSignatureHeaders(request.headers, now());
    if (request.body.length > maxJsonBytes) throw new RefusedRequestError(bodyTooLarge(maxJsonBytes));
  };

  const authenticate = (request: HttpRequest, organization?: OrganizationStore): Requestor =>
    verifySignature(request, (name) => candidateKeys(directory, organization, name), now());

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

    const path = request.path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
    if (path === '/server_api_version' && request.method === 'GET') {
      checkForm(request);
      authenticate(request);
      return jsonAnswer(200, JSON.stringify({ min_api_version: apiVersions.min, max_api_version: apiVersions.max }));
    }
    const ofServer = findServerRoute(path.slice(1));
    return ofServer && (path !== '/organizations' || onlyOrganization === undefined)
      ? answerForServer(request, ofServer)
      : answerForOrganization(request, path);
  };

  const answerForServer = async (request: HttpRequest, found: FoundRoute<ServerRoute>): Promise<Answer> => {
    const apiVersion = apiVersionOf(request);
    const handler = allowedHandler(found.route, request.method);
    checkForm(request);
    const requestor = authenticate(request);
    refuseCondition(request);
    return handler(serverRequest(request, requestor, apiVersion), found.first, found.second);
  };

  const answerForOrganization = async (request: HttpRequest, path: string): Promise<Answer> => {
    const called = target(path);
    const found = called && findRoute(called.below);
    const organization = called && organizations.get(called.name);
    if (called === undefined || found === undefined) return noRouteAnswer();
    if (organization && found.route.isServed?.(organization) === false) return noRouteAnswer();

    const apiVersion = apiVersionOf(request);
    await lieWhenOverloaded(request, called.below, called.name);
    const handler = allowedHandler(found.route, request.method);
    checkForm(request);
    if (organization === undefined) refuse(404, `organization '${called.name}' does not exist.`);
    const requestor = authenticate(request, organization);
    demandMembership(organization, requestor);

    const common = serverRequest(request, requestor, apiVersion);
    const apiRequest: ApiRequest = {
      ...common,
      organization,
      organizationUrl:
        onlyOrganization === undefined ? `${common.origin}/organizations/${organization.name}` : common.origin,
      files: settings.files,
      faults,
      insertMs: settings.insertMs,
    };
    if (found.route.container !== undefined) demandPermission(apiRequest, found.route.container);
    refuseCondition(request);
    return handler(apiRequest, found.first, found.second);
  };

  const apiVersionOf = (request: HttpRequest): number =>
    negotiateApiVersion(headerText(request.headers, 'x-ops-server-api-version'), apiVersions);

  const serverRequest = (request: HttpRequest, requestor: Requestor, apiVersion: number): ServerRequest => ({
    method: request.method,
    requestor,
    directory,
    origin: `http://${request.headers.host}`,
    query: request.query,
    body: request.body,
    apiVersion,
    nowMs: now(),
  });

  return async (request) => {
    const plain = await answer(request).catch(answerOfError);
    const version = apiVersionHeader(headerText(request.headers, 'x-ops-server-api-version'), apiVersions);
    if (!plain.isFromApi || version === undefined) return plain;
    return { ...plain, headers: { ...plain.headers, 'x-ops-server-api-version': version } };
  };
}

/** Ends the request unless the requestor belongs to the organization; its own clients always do. */
function demandMembership({ name, membership }: OrganizationStore, requestor: Requestor): void {
  if (requestor.kind === 'client' || requestor.isSuperuser || membership.users.has(requestor.name)) return;
  refuse(403, `'${requestor.name}' not associated with organization '${name}'`);
}

/** The handler of a method; ends the request with 405 where the route has none, for HEAD as for any other. */
function allowedHandler<R>(route: MethodHandlers<R>, method: string): Handler<R> {
  const handler = handlerOf(route, method);
  if (handler !== undefined) return handler;
  throw new RefusedRequestError({ status: 405, headers: {}, body: '', isFromApi: true });
}

/** Ends a request with If-Match with 412: objects have no ETag that could match. */
function refuseCondition({ headers }: HttpRequest): void {
  if (headers['if-match'] === undefined) return;
  throw new RefusedRequestError({ status: 412, headers: {}, body: '', isFromApi: true });
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
