import * as z from 'zod';
import { KIND_ROWS, type ObjectsWord } from '../model/object-kind.ts';
import { globProblem } from '../plan/object-filter.ts';
import { didYouMean } from './nearest-word.ts';
import { quote } from './quote.ts';

/**
 * The shape of `chef-sync.yaml`. A message in here is a phrase that follows the name of its place ("primary.url" +
 * "must be …"); `explain-issues.ts` makes whole sentences of them, and relies on one more convention: the message about
 * unknown keys is the list of the known ones (see `section`).
 */

const OBJECTS_WORDS: readonly ObjectsWord[] = [...new Set(KIND_ROWS.map((row) => row.objectsWord))];

/** Kinds of the design that are not replicated yet. Refused by name, so that nobody takes them for replicated. */
const LATER_OBJECTS_WORDS: readonly string[] = ['cookbook_artifacts', 'policies', 'policy_groups'];

/** Beyond about 60 requests in flight a Chef server answers falsely, even with 404 for objects that exist. */
const MOST_REQUESTS_IN_FLIGHT = 32;

/** A map that refuses unknown keys, because a misspelt setting must not be a setting without effect. */
function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? known.join(' ') : `must be a map with ${known.join(', ')}`),
  });
}

function wholeNumber(phrase: string, least: number, most: number) {
  return z.int({ error: phrase }).min(least, phrase).max(most, phrase);
}

function text(phrase: string, pattern: RegExp) {
  return z.string(phrase).regex(pattern, phrase);
}

/** Text with a rule that a pattern cannot express; `refuse` answers the phrase, or undefined for good text. */
function textWithRule(phrase: string, refuse: (typed: string) => string | undefined) {
  return z.string(phrase).superRefine((typed, context) => {
    const refusal = refuse(typed);
    if (refusal !== undefined) context.addIssue({ code: 'custom', message: refusal, input: typed });
  });
}

const yesOrNo = z.boolean('must be true or false');

// chef_regex.erl of Chef Infra Server: what an organization may be called.
const organizationName = text(
  "must be an organization's short name: lower-case letters, digits, - and _, beginning with a letter or digit",
  /^[a-z0-9][a-z0-9_-]{0,254}$/,
);

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

const path = (what: string) => z.string(`must be the path of ${what}`).min(1, `must be the path of ${what}`);

const requestsInFlight = wholeNumber(
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

const OBJECTS_PHRASE = `must be all or a list of ${OBJECTS_WORDS.join(', ')}`;

const objectsWord = z.enum(OBJECTS_WORDS, {
  error: ({ input }) => {
    const word = typeof input === 'string' ? input : '';
    if (LATER_OBJECTS_WORDS.includes(word)) return `cannot hold ${word}: not supported yet; remove it`;
    return `${OBJECTS_PHRASE}${didYouMean(word, OBJECTS_WORDS)}`;
  },
});

const objects = z.union([z.literal('all'), z.array(objectsWord).min(1, OBJECTS_PHRASE)], OBJECTS_PHRASE);

const SHARE_PHRASE = 'must be a share of time above 0% and up to 100%, like 5%';

const inventoryShare = text(SHARE_PHRASE, /^\d{1,3}(\.\d{1,6})?%$/)
  .transform((percent) => Number.parseFloat(percent) / 100)
  // 0 would mean that no inventory is ever taken, and the inventory is the only truth about deletes.
  .refine((share) => share > 0 && share <= 1, SHARE_PHRASE);

// In use 10 is a sensible least; 1 is allowed because the demo and the tests would only wait otherwise.
const pollSeconds = wholeNumber('must be a whole number of seconds from 1 to 3600', 1, 3600).describe(
  'Seconds between the starts of two polls',
);
const bootstrap = yesOrNo.describe('false: take the primary of now as the baseline and copy only what changes later');
const drift = z
  .enum(['repair', 'report'], 'must be repair or report')
  .describe('What happens to an object that somebody changed on the replica');

/** The settings of every pair that does not say otherwise. */
export const defaultsSchema = section({
  pollSeconds: pollSeconds.default(60),
  source: z
    .enum(['auto', 'feed', 'inventory'], 'must be auto, feed or inventory')
    .default('auto')
    .describe(
      'How changes are found: by the change feed where the primary has one, only by it, or only by inventories',
    ),
  bootstrap: bootstrap.default(true),
  drift: drift.default('repair'),
  objects: objects.default('all').describe('The kinds of objects that are replicated'),
  requestsInFlight: requestsInFlight.default(16).describe('Most requests in flight on one server at one time'),
  inventoryShare: inventoryShare.default(0.05).describe('The share of time that reading whole inventories may take'),
});

/** The defaults, with what the file leaves out filled in. */
export type Defaults = z.output<typeof defaultsSchema>;

/** Far above what names need, far below the 65,536 at which picomatch throws. */
const LONGEST_GLOB = 1_000;

const glob = textWithRule('must be a glob like data_bags/secrets/*', refuseGlob);

function refuseGlob(pattern: string): string | undefined {
  if (pattern.length > LONGEST_GLOB) return `must be a glob of at most ${LONGEST_GLOB} characters`;
  const word = pattern.split('/', 1)[0] ?? '';
  if (LATER_OBJECTS_WORDS.includes(word)) return `cannot hold ${word}: not supported yet; remove it`;
  // Like a folder's name, but no object's path ends so: the glob would match nothing, and an exclusion exclude nothing.
  if (pattern.endsWith('/')) return 'must not end with a slash; leave it out to mean everything below';
  const problem = globProblem(pattern);
  if (problem === undefined) return undefined;
  const isMisspelt = /^\w+$/.test(word) && !OBJECTS_WORDS.some((known) => known === word);
  return `cannot be used: ${problem}${isMisspelt ? didYouMean(word, OBJECTS_WORDS) : ''}`;
}

const REPLICA_PHRASE = 'must be the name of a replica, a list of names, or all';

const globs = z.array(glob, 'must be a list of globs like data_bags/secrets/*').default([]);

/**
 * One entry of `organizations:`; it stands for one pair per replica. How changes are found cannot be set here: `source`
 * is the organization, and whether there is a feed is a property of the one primary.
 */
export const organizationSchema = section({
  source: organizationName.optional().describe('The organization on the primary'),
  destination: organizationName
    .optional()
    .describe('The organization on the replica, when it is called otherwise there'),
  replica: z
    .union([z.string(), z.array(z.string(REPLICA_PHRASE)).min(1, REPLICA_PHRASE)], REPLICA_PHRASE)
    .describe('The name of a replica, a list of names, or all'),
  pollSeconds: pollSeconds.optional(),
  bootstrap: bootstrap.optional(),
  drift: drift.optional(),
  objects: objects.optional().describe('The kinds of objects that are replicated'),
  inventoryShare: inventoryShare.optional().describe('The share of time that reading whole inventories may take'),
  include: globs.describe('Only objects that match one of these globs'),
  exclude: globs.describe('No objects that match one of these globs'),
});

/** One entry of `organizations:` as written. */
export type OrganizationEntry = z.output<typeof organizationSchema>;

const logsSchema = section({
  megabytes: wholeNumber('must be a whole number of megabytes from 1 to 1000', 1, 1000)
    .default(10)
    .describe('A log file that has reached this size is moved aside, and a new one begun'),
  keep: wholeNumber('must be a whole number from 1 to 100', 1, 100)
    .default(5)
    .describe('Files of each log that were moved aside and are kept'),
});

const localSchema = section({
  state: path('the SQLite file that keeps ledger and cursor')
    .default('chef-sync.db')
    .describe('The SQLite file that keeps ledger and cursor of `chef-sync-ctl run`'),
  logs: logsSchema.prefault({}).describe('How much is kept of the logs, of each pair and of the daemon itself'),
});

/** How much is kept of the logs. */
export type LogSettings = z.output<typeof logsSchema>;

const idList = (what: string, pattern: RegExp) => {
  const phrase = `must be a list of ${what}`;
  return z.array(text(phrase, pattern), phrase).min(1, phrase);
};

const ENDPOINTS_PHRASE =
  'must name the routeTableIds of its subnets, because with `egress: endpoints` DynamoDB is reached through a gateway endpoint';

const networkSchema = section({
  vpcId: text('must be the id of a VPC, like vpc-0123456789abcdef0', /^vpc-[0-9a-f]+$/),
  subnetIds: idList('subnet ids like subnet-0123456789abcdef0', /^subnet-[0-9a-f]+$/),
  securityGroupIds: idList('security group ids like sg-0123456789abcdef0', /^sg-[0-9a-f]+$/),
  egress: z
    .enum(['existing', 'endpoints'], 'must be existing or endpoints')
    .default('existing')
    .describe('How the functions reach AWS from these subnets: by ways that exist, or by VPC endpoints of the stack'),
  routeTableIds: idList('route table ids like rtb-0123456789abcdef0', /^rtb-[0-9a-f]+$/)
    .optional()
    .describe('Route tables of the subnets; needed with `egress: endpoints`'),
}).refine(({ egress, routeTableIds }) => egress === 'existing' || routeTableIds !== undefined, ENDPOINTS_PHRASE);

const ALARMS_PHRASE = 'must be { topicArn: ARN } or { email: ADDRESS }';

const alarmsSchema = section({
  topicArn: text('must be the ARN of an SNS topic', /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/).optional(),
  email: text('must be an e-mail address', /^[^\s@]+@[^\s@]+$/).optional(),
}).refine(({ topicArn, email }) => (topicArn === undefined) !== (email === undefined), ALARMS_PHRASE);

const awsSchema = section({
  network: networkSchema
    .optional()
    .describe('The VPC from which the Chef servers are reached; without it they are reached over the internet'),
  alarms: alarmsSchema.optional().describe('Who is told when something needs attention'),
  kmsKeyArn: text('must be the ARN of a KMS key', /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/)
    .optional()
    .describe('A KMS key of yours that encrypts table, queues and logs; without it AWS encrypts with keys of its own'),
});

/** The `aws:` section as written, with what it leaves out filled in. */
export type AwsSettings = z.output<typeof awsSchema>;

/** The whole file. */
export const configSchema = section({
  version: z.literal(1, 'must be 1').describe('Version of this format'),
  primary: serverSchema,
  replicas: z
    .record(replicaName, serverSchema, 'must be a map of names to servers')
    .refine((replicas) => Object.keys(replicas).length > 0, 'must hold at least one replica')
    .describe('The replica servers by name'),
  organizations: z
    .array(organizationSchema, 'must be a list of entries like { source: acme, replica: all }')
    .min(1, 'must list at least one organization, like { source: acme, replica: all }')
    .describe('What is copied where'),
  defaults: defaultsSchema.prefault({}),
  local: localSchema.prefault({}),
  aws: awsSchema.optional().describe('Only for a deployment to AWS'),
});

const NOTHING_READABLE = {
  primary: undefined,
  replicas: {},
  organizations: [],
  defaults: defaultsSchema.parse({}),
  local: localSchema.parse({}),
  aws: undefined,
};

/**
 * What can be read of a file, whatever else is wrong with it: parts that break the schema are left out. It lets the
 * rules between the parts be checked, and reported, together with everything else. Of a file that keeps the schema it
 * holds all.
 */
export const readableConfigSchema = z
  .object({
    primary: serverSchema.optional().catch(undefined),
    replicas: z.record(z.string(), serverSchema.optional().catch(undefined)).catch(NOTHING_READABLE.replicas),
    organizations: z.array(organizationSchema.optional().catch(undefined)).catch(NOTHING_READABLE.organizations),
    defaults: defaultsSchema.prefault({}).catch(NOTHING_READABLE.defaults),
    local: localSchema.prefault({}).catch(NOTHING_READABLE.local),
    aws: awsSchema.optional().catch(NOTHING_READABLE.aws),
  })
  .catch(NOTHING_READABLE);

/** See `readableConfigSchema`. */
export type ReadableConfig = z.output<typeof readableConfigSchema>;
