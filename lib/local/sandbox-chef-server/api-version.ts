import { type Answer, jsonAnswer, RefusedRequestError } from './answer.ts';

/** The API versions that the server knows, and how it refuses others. */
export interface ApiVersions {
  readonly min: number;
  readonly max: number;
  /**
   * `erchef` (default): 406 that names `min_version` and `max_version`; `chef-zero`: 406 that names `min_api_version` and
   * `max_api_version`; `goiardi`: never refuses, and never sends the response header.
   */
  readonly flavour?: 'erchef' | 'chef-zero' | 'goiardi';
}

/** The version to answer in. Refuses with 406 what the server does not know. */
export function negotiateApiVersion(header: string | undefined, versions: ApiVersions): number {
  const requested = header ?? '0';
  const version = /^\d+$/.test(requested) ? Number(requested) : Number.NaN;
  if (version >= versions.min && version <= versions.max) return version;
  if (versions.flavour === 'goiardi') return versions.max;
  throw new RefusedRequestError(refusedVersion(requested, versions));
}

/** The response header of every answer of the API, undefined for a server that sends none. */
export function apiVersionHeader(header: string | undefined, versions: ApiVersions): string | undefined {
  if (versions.flavour === 'goiardi') return undefined;
  const requested = header ?? '0';
  const isKnown = /^\d+$/.test(requested) && Number(requested) >= versions.min && Number(requested) <= versions.max;
  return JSON.stringify({
    min_version: String(versions.min),
    max_version: String(versions.max),
    request_version: versions.flavour === 'chef-zero' ? '0' : requested,
    response_version: versions.flavour === 'chef-zero' ? '0' : isKnown ? requested : '-1',
  });
}

function refusedVersion(requested: string, { min, max, flavour }: ApiVersions): Answer {
  const limits =
    flavour === 'chef-zero' ? { min_api_version: min, max_api_version: max } : { min_version: min, max_version: max };
  return jsonAnswer(
    406,
    JSON.stringify({
      error: 'invalid-x-ops-server-api-version',
      message: `Specified version ${requested} not supported`,
      ...limits,
    }),
  );
}
