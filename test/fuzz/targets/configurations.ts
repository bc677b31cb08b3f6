import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { ConfigError } from '../../../lib/config/config-error.ts';
import { parseConfig } from '../../../lib/config/load-config.ts';
import { everyFileIsAKey } from '../../unit/config/config-text.ts';
import { checkSentence, SECRET } from '../expected-error.ts';
import { fuzzTarget } from '../fuzz-target.ts';
import { jsonTree, textOf } from '../json-text.ts';
import { mutatedText } from '../mutated-text.ts';

const WORDS = [
  ...[
    'version',
    'primary',
    'replicas',
    'organizations',
    'defaults',
    'local',
    'aws',
    'url',
    'user',
    'key',
    'file',
    'secret',
    'tls',
  ],
  ...[
    'source',
    'destination',
    'replica',
    'all',
    'objects',
    'exclude',
    'include',
    'pollSeconds',
    'none',
    '&a ',
    '*a',
    '<<: ',
    '!!js ',
  ],
];

const server = fc.record(
  {
    url: fc.constantFrom(
      'https://chef.example.com',
      'http://127.0.0.1:1/',
      `https://u:${SECRET}@h`,
      'https://h/organizations/x',
      'h',
      7,
    ),
    user: fc.constantFrom('sync', '', null),
    key: fc.constantFrom<unknown>(
      { file: 'a.pem' },
      { secret: 'x' },
      { file: `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}` },
      SECRET,
      { file: 'a', secret: 'b' },
    ),
    tls: fc.constantFrom<unknown>({ ca: 'ca.pem' }, { verify: false }, true),
    organization: fc.constantFrom('none', 'acme'),
    requestsInFlight: fc.constantFrom<unknown>(1, 33, -1, '4'),
  },
  { requiredKeys: ['url', 'user', 'key'] },
);
const entry = fc.record(
  {
    source: fc.constantFrom<unknown>('acme', 'other', 'Bad Name', 1, null),
    destination: fc.constantFrom('acme', 'copy', '..'),
    replica: fc.constantFrom<unknown>('all', 'eu', ['eu', 'us'], [], 'nowhere', 3),
    objects: fc.constantFrom<unknown>('all', ['roles'], ['cookbooks', 'roels'], 'roles'),
    exclude: fc.constantFrom<unknown>(['data_bags/secrets/*'], ['{a'], ['**'], ['!x'], 'x', ['(a+)+$']),
    include: fc.constantFrom<unknown>(['roles/*'], [''], ['[']),
    pollSeconds: fc.constantFrom<unknown>(10, 0, '1m', 1e9),
  },
  { requiredKeys: [] },
);
const configuration = fc
  .record(
    {
      version: fc.constantFrom<unknown>(1, 2, '1'),
      primary: server,
      replicas: fc.dictionary(fc.constantFrom('eu', 'us', 'a b', '__proto__'), server),
      organizations: fc.array(entry, { maxLength: 4 }),
      defaults: fc.constantFrom<unknown>({ pollSeconds: 10 }, { source: 'feed' }, { drift: 'x' }, [], null),
      local: fc.constantFrom<unknown>({ state: 'x.db' }, 'x.db'),
      aws: fc.constantFrom<unknown>({ network: { vpcId: 'vpc-1' } }, { alarms: { email: 'a@b', topicArn: 'x' } }, {}),
    },
    { requiredKeys: ['version', 'primary', 'replicas', 'organizations'] },
  )
  .map((value) => stringify(value));

/** A configuration is sound, or refused with sentences at lines of the file; a pasted key or password is never repeated. */
export const configurations = fuzzTarget(
  'configurations',
  fc.tuple(
    fc.oneof(
      configuration,
      mutatedText(configuration, WORDS),
      mutatedText(
        jsonTree(WORDS).map((tree) => textOf(tree, 0).replaceAll(SECRET, 'x')),
        WORDS,
      ),
    ),
    fc.constantFrom('local' as const, 'aws' as const),
  ),
  ([text, home]) => {
    try {
      const { pairs } = parseConfig(text, { file: '/etc/chef-sync.yaml', readFile: everyFileIsAKey, home });
      assert.ok(pairs.length > 0);
      assert.equal(new Set(pairs.map(({ name }) => name)).size, pairs.length);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      assert.ok(error.problems.length > 0);
      for (const problem of error.problems) {
        assert.match(problem, /^\/etc\/chef-sync\.yaml:[1-9]\d*:[1-9]\d*: /);
        checkSentence(problem);
      }
    }
  },
);
