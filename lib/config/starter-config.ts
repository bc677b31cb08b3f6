import { parse } from 'yaml';
import type { Home } from './home.ts';
import { organizationSchema } from './pair-schema.ts';
import { replicaName, serverSchema } from './server-schema.ts';

/** What a first configuration says. */
export interface StarterAnswers {
  readonly home: Home;
  readonly primaryUrl: string;
  /** Never empty. */
  readonly replicas: readonly { readonly name: string; readonly url: string }[];
  /** Each goes to every replica; never empty. */
  readonly organizations: readonly { readonly source: string; readonly destination: string }[];
  /** The Chef user, of the same name on every server. */
  readonly user: string;
}

/** What is asked for one by one. */
export type StarterQuestion = 'url' | 'replica' | 'organization' | 'user';

const SCHEMAS = {
  url: serverSchema.shape.url,
  replica: replicaName,
  organization: organizationSchema.shape.source,
  user: serverSchema.shape.user,
} as const satisfies Readonly<Record<StarterQuestion, unknown>>;

/** Why an answer cannot stand in a configuration, as a phrase like `must begin with https://`; undefined for one that can. */
export function starterAnswerProblem(question: StarterQuestion, answer: string): string | undefined {
  return SCHEMAS[question].safeParse(answer).error?.issues[0]?.message;
}

/** A configuration with comments that says just that, and names what else could be said. `loadConfig` takes it as soon as the keys are there. */
export function starterConfig({ home, primaryUrl, replicas, organizations, user }: StarterAnswers): string {
  const key = (name: string): string =>
    home === 'local' ? `{ file: ${scalar(`keys/${name}.pem`)} }` : `{ secret: ${scalar(`chef-sync/${name}`)} }`;
  const server = (url: string, name: string, indent: string, comment = ''): readonly string[] =>
    [`url: ${scalar(url)}`, `user: ${scalar(user)}${comment}`, `key: ${key(name)}`].map((line) => `${indent}${line}`);
  const lines = [
    `# Chef Replication for ${home === 'local' ? 'the daemon on this machine (chef-sync-ctl run)' : 'a deployment to AWS'}.`,
    '# Every setting: docs/examples/chef-sync.yaml of the project. Relative paths begin at the folder of this file.',
    'version: 1',
    '',
    '# The server that is copied from. It is only ever read.',
    'primary:',
    ...server(primaryUrl, 'primary', '  ', ' # chef-sync-ctl prepare-org makes the user and its key'),
    '  # tls: { ca: certs/ca.pem }  # only for a private CA; so for replicas',
    '  # organization: none  # only for a server without organizations, such as goiardi; so for replicas',
    '',
    '# The servers that are copied to. What only they have is never touched.',
    'replicas:',
    ...replicas.flatMap(({ name, url }) => [`  ${scalar(name)}:`, ...server(url, name, '    ')]),
    '',
    '# What is copied where. `objects`, `include` and `exclude` narrow it down.',
    'organizations:',
    ...organizations.map(({ source, destination }) => {
      const renamed = source === destination ? '' : `, destination: ${scalar(destination)}`;
      return `  - { source: ${scalar(source)}${renamed}, replica: all }`;
    }),
    '',
    '# For every pair; these are the defaults.',
    'defaults:',
    '  pollSeconds: 60',
    '  drift: repair # what somebody changes on a replica is copied again; report: it is shown as unsynced',
    '  requestsInFlight: 16 # on one server at one time, 32 at most',
    '',
    ...(home === 'local'
      ? ['local:', '  state: chef-sync.db # ledger and cursor of every pair']
      : [
          'aws: {} # for example:',
          '#   network: # the VPC from which the Chef servers are reached; without it they are reached over the internet',
          '#     vpcId: vpc-0123456789abcdef0',
          '#     subnetIds: [subnet-0123456789abcdef0]',
          '#     securityGroupIds: [sg-0123456789abcdef0]',
          '#   alarms: { email: chef-operators@example.com }',
        ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Quoted where YAML would take it for something else than this text. */
const scalar = (text: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/.test(text) && parse(text) === text ? text : JSON.stringify(text);
