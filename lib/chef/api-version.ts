import * as z from 'zod/mini';

/**
 * The newest API version this program speaks, and its first offer to a server. Version 2 (Chef Server 12.18.14) is the one whose
 * cookbook manifests can hold files outside the nine segments.
 */
export const NEWEST_API_VERSION = 2;
/** What a server speaks that answers without saying so: goiardi, and servers older than the header. */
const UNSTATED_API_VERSION = 1;

// Chef Infra Server answers `max_version`, chef-zero `max_api_version`.
const refusal = z.union([
  z.pipe(
    z.object({ max_version: z.number() }),
    z.transform((body) => body.max_version),
  ),
  z.pipe(
    z.object({ max_api_version: z.number() }),
    z.transform((body) => body.max_api_version),
  ),
]);
const range = z.object({ max_version: z.coerce.number().check(z.int(), z.nonnegative()) });

/** The version to go on with after a 406, or undefined when the answer names none that is older than the one refused. */
export function versionAfterRefusal(refused: number, body: string): number | undefined {
  const parsed = refusal.safeParse(parseOrUndefined(body));
  return parsed.success && Number.isInteger(parsed.data) && parsed.data >= 0 && parsed.data < refused
    ? parsed.data
    : undefined;
}

/** The version to go on with after a good answer: the newest both sides speak. `header` is its `X-Ops-Server-API-Version`, if any. */
export function versionAfterAnswer(header: string | undefined): number {
  const parsed = range.safeParse(header === undefined ? undefined : parseOrUndefined(header));
  return parsed.success ? Math.min(NEWEST_API_VERSION, parsed.data.max_version) : UNSTATED_API_VERSION;
}

/** The API version that a client and its server come to speak. */
export interface VersionAgreement {
  /** The one that requests offer. */
  offered(): number;
  /** The one that both speak; undefined until the server said it. */
  agreed(): number | undefined;
  /** A good answer came from the API itself; only the first one counts. `header` is its `X-Ops-Server-API-Version`, if any. */
  noteAnswer(header: string | undefined): void;
  /** A 406 came. Answers whether it names an older version than the one refused, which then is the agreed one. */
  noteRefusal(refused: number, body: string): boolean;
}

/** Offers the newest version first. */
export function createVersionAgreement(): VersionAgreement {
  let agreed: number | undefined;
  return {
    offered: () => agreed ?? NEWEST_API_VERSION,
    agreed: () => agreed,
    noteAnswer(header) {
      agreed ??= versionAfterAnswer(header);
    },
    noteRefusal(refused, body) {
      const named = versionAfterRefusal(refused, body);
      agreed = named ?? agreed;
      return named !== undefined;
    },
  };
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
