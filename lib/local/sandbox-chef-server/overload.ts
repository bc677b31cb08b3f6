import { type Answer, errorAnswer } from './answer.ts';

/** When the server behaves as one whose database pool is exhausted. */
export interface Overload {
  /** With more than this many requests in flight the server is overloaded (a live one: about 60). */
  readonly beyondInFlight?: number;
  /** Or: each request meets an overloaded server with this probability. */
  readonly probability?: number;
  /** How long a request takes while this switch is on; without it, requests hardly ever overlap. Default 5. */
  readonly answerMs?: number;
  /** Seed of the random choices. Default 1. */
  readonly seed?: number;
}

/** The request that an overloaded server answers, by what its false answers name. */
export interface OverloadedRequest {
  readonly method: string;
  /** Below the organization: `roles/web`. */
  readonly path: string;
  readonly user: string;
  readonly organization: string;
}

/**
 * What an overloaded server answers, or undefined when it answers truly. Shares as measured on a live server: a quarter
 * true, 13 % 403, 10 % 500, 3.5 % a false 404 for reads of roles, data bags and items, the rest 503. Lists of roles,
 * environments, data bags and cookbooks only ever fail with 5xx. A false answer changes nothing on the server.
 */
export function overloadAnswer(request: OverloadedRequest, random: () => number): Answer | undefined {
  const { method, path, user, organization } = request;
  const draw = random();
  if (draw < 0.25) return undefined;
  if (draw < 0.35) return errorAnswer(500, 'internal service error');
  const isTopList = method === 'GET' && !path.includes('/');
  if (draw < 0.48 && !isTopList) {
    if (method === 'POST' && draw < 0.4) return errorAnswer(403, 'missing create permission');
    return errorAnswer(403, `Failed to verify user '${user}' as a member of organization '${organization}'`);
  }
  const falseAbsence = method === 'GET' && draw < 0.515 ? notFoundText(path) : undefined;
  if (falseAbsence !== undefined) return errorAnswer(404, falseAbsence);
  return errorAnswer(503, `An error occurred while trying to find '${user}'. Please contact support.`);
}

function notFoundText(path: string): string | undefined {
  const [kind, name, item] = path.split('/');
  if (name === undefined || (kind !== 'roles' && kind !== 'data')) return undefined;
  if (kind === 'roles') return `Cannot load role ${name}`;
  return item === undefined ? `Cannot load data bag ${name}` : `Cannot load data bag item ${item} for data bag ${name}`;
}
