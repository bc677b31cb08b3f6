import * as z from 'zod';
import { KIND_ROWS, type ObjectsWord } from '../model/object-kind.ts';
import { globProblem } from '../plan/object-filter.ts';
import { didYouMean } from './nearest-word.ts';
import { section, text, textWithRule, wholeNumber, yesOrNo } from './schema-parts.ts';
import { requestsInFlight } from './server-schema.ts';

const OBJECTS_WORDS: readonly ObjectsWord[] = [...new Set(KIND_ROWS.map((row) => row.objectsWord))];

/** Kinds of the design that are not replicated yet. Refused by name, so that nobody takes them for replicated. */
const LATER_OBJECTS_WORDS: readonly string[] = ['cookbook_artifacts', 'policies', 'policy_groups'];

// chef_regex.erl of Chef Infra Server: what an organization may be called.
const organizationName = text(
  "must be an organization's short name: lower-case letters, digits, - and _, beginning with a letter or digit",
  /^[a-z0-9][a-z0-9_-]{0,254}$/,
);

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
