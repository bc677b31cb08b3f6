import { type Container, demand, isPermitted, permissionOf, type Requestor } from './access-rights.ts';
import { type Answer, refuse } from './answer.ts';
import type { FaultSwitches } from './fault-switches.ts';
import type { FileStorage } from './file-storage.ts';
import { isObject, type Json, type JsonObject, parseJson } from './json-text.ts';
import type { OrganizationStore } from './organization-store.ts';
import type { ServerDirectory } from './server-directory.ts';

/** A request to the server as a whole, after its signature has been checked. */
export interface ServerRequest {
  readonly method: string;
  readonly requestor: Requestor;
  readonly directory: ServerDirectory;
  /** Scheme and host as the client called them. */
  readonly origin: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly apiVersion: number;
  readonly nowMs: number;
}

/** A request to one organization, after it has been checked that the requestor belongs to it. */
export interface ApiRequest extends ServerRequest {
  readonly organization: OrganizationStore;
  /** The address of the organization as the client called it; every URL in an answer begins with it. */
  readonly organizationUrl: string;
  readonly files: FileStorage;
  readonly faults: FaultSwitches;
  /** How long the server takes between its look for a row and the insert: the window of its races. */
  readonly insertMs: number;
}

/** Answers one method of one route. `first` and `second` are the variable parts of the path, empty where it has fewer. */
export type Handler<R = ApiRequest> = (request: R, first: string, second: string) => Answer | Promise<Answer>;

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export type MethodHandlers<R> = Partial<Readonly<Record<Method, Handler<R>>>>;

/** One path below the server's root, `users/:name/keys`, with what it answers; any other method is a 405. */
export type ServerRoute = { readonly path: string } & MethodHandlers<ServerRequest>;

/** One path below an organization, `data/:bag/:item`, with what it answers; any other method is a 405. */
export type Route = {
  readonly path: string;
  /** The container whose access list decides, by the method; absent: every member may, unless the handler refuses. */
  readonly container?: Container;
  /** False: the front end answers as for an unknown path. Absent: always served. */
  readonly isServed?: (organization: OrganizationStore) => boolean;
} & MethodHandlers<ApiRequest>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The JSON object in a request's body; refuses with 400 anything else, invalid UTF-8 included. */
export function jsonBody(request: ServerRequest): JsonObject {
  let body: Json;
  try {
    body = parseJson(utf8.decode(request.body));
  } catch {
    return refuse(400, 'invalid JSON');
  }
  return isObject(body) ? body : refuse(400, 'Incorrect JSON type for request body');
}

/** The text of a list as `{"NAME":"URL",…}`. */
export function nameList(names: Iterable<string>, listUrl: string): string {
  const members = [...names].map((name) => `${JSON.stringify(name)}:${JSON.stringify(`${listUrl}/${name}`)}`);
  return `{${members.join(',')}}`;
}

/** Ends the request with 403 unless the access list of a container lets the requestor use the method. */
export function demandPermission({ organization, requestor, method }: ApiRequest, container: Container): void {
  const permission = permissionOf(method);
  demand(isPermitted(organization.membership, requestor, container, permission), permission);
}
