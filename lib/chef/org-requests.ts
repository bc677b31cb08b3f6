import { ChefRequestError } from '../model/chef-request-error.ts';
import type { Side } from '../model/side.ts';
import type { ApiAnswer, ApiRequest } from './api-request.ts';
import type { ChefServer } from './chef-server.ts';
import { describeBody, serverWords, unexpectedAnswer } from './failures.ts';

/** One organization's requests: paths are relative to the organization, failures name the side. */
export interface OrgRequests {
  readonly side: Side;
  readonly server: ChefServer;
  /** As {@link ChefServer.send}. */
  send(request: Omit<ApiRequest, 'side' | 'shownPath'>): Promise<ApiAnswer>;
}

/** Requests to an organization, or to the server itself when it has none (`organization: null`). */
export function createOrgRequests(server: ChefServer, organization: string | null, side: Side): OrgRequests {
  // Operators paste either form of the URL: with the organization, or only the server's.
  const suffix = organization === null ? '' : `/organizations/${organization}`;
  const prefix = suffix !== '' && server.basePath.endsWith(suffix) ? '' : suffix;
  return {
    side,
    server,
    send: (request) => {
      const shownPath = request.path === '' ? suffix : request.path;
      return server.send({ ...request, side, path: `${prefix}${request.path}`, shownPath });
    },
  };
}

/** The answer parsed as a JSON object. Throws when it is anything else, which an unknown path or a wrong URL may well be. */
export function jsonObject(answer: ApiAnswer): object {
  const value = parsed(answer.text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw unexpected(answer, 'a JSON object');
}

/** The answer parsed as a JSON array. Throws when it is anything else. */
export function jsonArray(answer: ApiAnswer): readonly unknown[] {
  const value = parsed(answer.text);
  if (Array.isArray(value)) return value;
  throw unexpected(answer, 'a JSON array');
}

/** The error for a 2xx whose body is not what the API promises. */
export function unexpected(answer: ApiAnswer, wanted: string): ChefRequestError {
  return new ChefRequestError(unexpectedAnswer(answer.label, answer.status, describeBody(answer.text), wanted));
}

/** The error for an accepted status that turned out to mean something else. */
export function refused(answer: ApiAnswer): ChefRequestError {
  const text = `${answer.status} ${serverWords(answer.text)}`;
  return new ChefRequestError({ ...answer.label, cause: 'status', status: answer.status, text });
}

/**
 * Whether a 404 comes from the API and speaks of an object: JSON with `error`. A proxy, or a web server without that route, answers
 * HTML or nothing, and a missing organization says nothing about its objects.
 */
export function isMissingObject(answer: ApiAnswer): boolean {
  const value = parsed(answer.text);
  return typeof value === 'object' && value !== null && 'error' in value && !isMissingOrganization(answer);
}

/** Whether a 404 says that the whole organization is not there. */
export function isMissingOrganization(answer: ApiAnswer): boolean {
  return /organization '[^']*' does not exist/i.test(serverWords(answer.text));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
