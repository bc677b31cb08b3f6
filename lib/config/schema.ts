import * as z from 'zod';
import { awsSchema } from './aws-schema.ts';
import { defaultsSchema, organizationSchema } from './pair-schema.ts';
import { path, section, wholeNumber } from './schema-parts.ts';
import { replicaName, serverSchema } from './server-schema.ts';

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
