import { type Answer, refuse } from './answer.ts';
import type { FaultSwitches } from './fault-switches.ts';
import type { FileStorage } from './file-storage.ts';
import { isObject, type Json, type JsonObject, parseJson } from './json-text.ts';
import type { OrganizationStore } from './organization-store.ts';

/** A request to one organization, after its signature and the user's rights have been checked. */
export interface ApiRequest {
  readonly organization: OrganizationStore;
  /** The address of the organization as the client called it; every URL in an answer begins with it. */
  readonly organizationUrl: string;
  /** Scheme and host as the client called them. */
  readonly origin: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly apiVersion: number;
  readonly nowMs: number;
  readonly files: FileStorage;
  readonly faults: FaultSwitches;
  /** How long the first version of a new cookbook takes: the window of the server's check-then-insert race. */
  readonly newCookbookMs: number;
}

/** Answers one method of one route. `first` and `second` are the variable parts of the path, empty where it has fewer. */
export type Handler = (request: ApiRequest, first: string, second: string) => Answer | Promise<Answer>;

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One path below an organization, `data/:bag/:item`, with what it answers; any other method is a 405. */
export type Route = {
  readonly path: string;
  /** False: the front end answers as for an unknown path. Absent: always served. */
  readonly isServed?: (organization: OrganizationStore) => boolean;
} & Partial<Readonly<Record<Method, Handler>>>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The JSON object in a request's body; refuses with 400 anything else, invalid UTF-8 included. */
export function jsonBody(request: ApiRequest): JsonObject {
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
