import * as z from 'zod';
import { quote } from './quote.ts';
import { path, section, text, textWithRule, wholeNumber, yesOrNo } from './schema-parts.ts';

/** Beyond about 60 requests in flight a Chef server answers falsely, even with 404 for objects that exist. */
const MOST_REQUESTS_IN_FLIGHT = 32;

/** No slash, dot or glob character: replica names are the first half of pair names, which commands select by glob. */
export const replicaName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'is no name for a replica; use letters, digits, - and _')
  .refine((name) => name !== 'all', 'is no name for a replica, because `replica: all` means every one; choose another')
  .refine((name) => name !== 'primary', 'is what the primary is called; choose another name');

const URL_PHRASE = 'must be the address of a Chef server, like https://chef.example.com';

const serverUrl = textWithRule(URL_PHRASE, refuseUrl);

function refuseUrl(typed: string): string | undefined {
  if (!URL.canParse(typed)) return URL_PHRASE;
  const url = new URL(typed);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// (or http://)';
  if (url.username !== '' || url.password !== '') {
    return 'must not contain a user or password; requests are signed with the key, so remove what stands before the @';
  }
  if (url.search !== '' || url.hash !== '') return 'must end with the path; remove what follows the ? or #';
  const organization = /\/organizations(?:\/([^/]*))?\/*$/.exec(url.pathname);
  if (organization === null) return undefined;
  const move = organization[1] ? `move ${quote(organization[1])} to \`organizations:\`` : 'remove /organizations';
  return `must be the address of the server without an organization; ${move}`;
}

/** Of one server, over all pairs, polls and copiers. */
export const requestsInFlight = wholeNumber(
  `must be a whole number from 1 to ${MOST_REQUESTS_IN_FLIGHT}; a Chef server with more requests in flight answers falsely`,
  1,
  MOST_REQUESTS_IN_FLIGHT,
);

// Unquoted in YAML the versions are numbers, and 1.0 is even the number 1.
const SIGNING_VERSIONS = { '1.3': '1.3', '1.1': '1.1', '1.0': '1.0', '1': '1.0' } as const;

const signingVersion = z
  .literal(['1.3', '1.1', '1.0', 1.3, 1.1, 1], 'must be 1.3, 1.1 or 1.0')
  .transform((version) => SIGNING_VERSIONS[version]);

const KEY_PHRASE = 'must be { file: PATH } or, on AWS, { secret: NAME }';

const SECRET_PHRASE = 'must be the name of a secret in Secrets Manager, like chef-sync/primary, and not its ARN';

const keySchema = section({
  file: path("the user's private key in PEM form")
    .optional()
    .describe('File of the key for `chef-sync-ctl run`; a relative path begins at the folder of this file'),
  // CreateSecret: letters, digits and /_+=.@-, at most 512 characters. The colons of an ARN are not among them.
  secret: text(SECRET_PHRASE, /^[A-Za-z0-9/_+=.@-]{1,512}$/)
    .optional()
    .describe('Name of the secret in Secrets Manager that holds the key, on AWS'),
})
  .refine(({ file, secret }) => (file === undefined) !== (secret === undefined), KEY_PHRASE)
  .describe("The user's private key");

/** One Chef server: the primary or a replica. */
export const serverSchema = section({
  url: serverUrl.describe('Address of the server, without /organizations/NAME'),
  user: text('must be the name of a Chef user: letters, digits, -, _ and dots', /^[A-Za-z0-9._-]+$/).describe(
    'The Chef user whose key signs the requests',
  ),
  key: keySchema,
  tls: section({
    ca: path('the certificates of a private CA in PEM form').optional().describe('Certificates of a private CA'),
    verify: yesOrNo.default(true).describe('false skips the check of the certificate; every start warns about it'),
  }).prefault({}),
  signingVersion: signingVersion
    .default('1.3')
    .describe('Version of the signing protocol; 1.3 unless the server is old'),
  requestsInFlight: requestsInFlight.optional().describe('Most requests in flight on this server at one time'),
  organization: z
    .literal('none', 'must be none, for a server without organizations; others are listed under `organizations:`')
    .optional()
    .describe('none: the server has no organizations'),
}).describe('A Chef server');

/** One server as written, with what it leaves out filled in. */
export type Server = z.output<typeof serverSchema>;
