import fc from 'fast-check';
import { readManifest, writeManifest } from '../../../lib/chef/cookbook-manifest.ts';
import { describeBody, serverWords } from '../../../lib/chef/failures.ts';
import { listNames, searchBodies } from '../../../lib/chef/inventory.ts';
import { readUpdatedSince } from '../../../lib/chef/updated-since.ts';
import { parseConfig } from '../../../lib/config/load-config.ts';
import { parseObjectPath, trustedRef } from '../../../lib/model/object-path.ts';
import { coalesceEvents } from '../../../lib/plan/coalesce-events.ts';
import { exactDecimal } from '../../../lib/plan/exact-decimal.ts';
import { differingFields, isFrozenManifest, normalisedForm } from '../../../lib/plan/normalised-form.ts';
import { everyFileIsAKey } from '../../unit/config/config-text.ts';
import { cannedOrg } from '../canned-org.ts';
import { checkSentence, resultOf } from '../expected-error.ts';
import { fuzzTarget } from '../fuzz-target.ts';

const app = trustedRef('/cookbooks/app/1.0.0');

/** Everything that reads a text from outside, by what it reads. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  item: (text) => [normalisedForm('data_bag_item', text), differingFields('data_bag_item', text, '{"id":"a"}')],
  role: (text) => normalisedForm('role', text),
  manifest: (text) => {
    const read = readManifest(app, text);
    return 'problem' in read ? checkSentence(`the manifest ${read.problem}`) : writeManifest(read, 0);
  },
  'manifest to compare': (text) => [normalisedForm('cookbook_version', text), isFrozenManifest(text)],
  'error answer': (text) => {
    checkSentence(`the server says ${serverWords(text)}`);
    checkSentence(`the server gave ${describeBody(text)}`);
  },
  feed: async (text) => {
    const answer = await readUpdatedSince(cannedOrg({ status: 200, text }), '0');
    if (answer.kind === 'events') coalesceEvents(answer.events);
  },
  search: (text) => searchBodies(cannedOrg({ status: 200, text }), '/data/bag'),
  'list of names': (text) => listNames(cannedOrg({ status: 200, text }), '/cookbooks'),
  configuration: (text) => parseConfig(text, { file: 'chef-sync.yaml', readFile: everyFileIsAKey }),
  'object path': parseObjectPath,
  number: (text) => (/^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text) ? exactDecimal(text) : undefined),
};

/** As large as the server's own limit of a request. */
const MOST_CHARACTERS = 2_000_000;

const PIECES = [
  ...[
    '[',
    ']',
    '{',
    '}',
    '{"a":',
    '"a":1,',
    '[1],',
    '1',
    '0',
    '.',
    'e',
    '9',
    '"',
    '\\',
    '\\"',
    ' ',
    '\n',
    '\t',
    'a',
    '/',
    '-',
    '- ',
    ': ',
  ],
  ...[
    'a: ',
    '? ',
    '# ',
    '&a ',
    '*a ',
    '<',
    '<title>',
    'http://',
    "organization '",
    '{"error":',
    '["x"],',
    '{"id":1,"path":"/roles/a","action":"create"},',
  ],
  ...['"\\u0041', '{a: ', '[a, ', "'", '|\n', '\r', '~', '!!x ', '%', '@', '😀', '\0'],
];

const WRAPS: readonly (readonly [string, string])[] = [
  ['', ''],
  ['{"id":"a","x":', '}'],
  ['[', ']'],
  ['[{"id":', ',"path":"/roles/a","action":"create"}]'],
  ['{"error":"', '"}'],
  ['{"total":1,"rows":[', ']}'],
  ['{"cookbook_name":"app","metadata":{"version":"1.0.0"},"all_files":[', ']}'],
  ['version: 1\norganizations:\n', '\n'],
  ['https://h/', '/x'],
];

const document = fc.record({
  reader: fc.constantFrom(...Object.keys(READERS)),
  wrap: fc.constantFrom(...WRAPS),
  opening: fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 3 }),
  closing: fc.array(fc.constantFrom(...PIECES), { maxLength: 2 }),
  times: fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.constantFrom(10_000, 100_000, 500_000)),
});

/** Nothing in a document, repeated however often, makes a reader hang or run out of stack: it reads, or refuses in words. */
export const largeDocuments = fuzzTarget(
  'large documents',
  document,
  async ({ reader, wrap, opening, closing, times }) => {
    const count = Math.min(times, Math.floor(MOST_CHARACTERS / [...opening, ...closing].join('').length));
    const text = [wrap[0], opening.join('').repeat(count), closing.join('').repeat(count), wrap[1]].join('');
    // Larger configuration files are refused before they are read.
    if (reader === 'configuration' && text.length > MOST_CHARACTERS / 2) return;
    await resultOf(() => READERS[reader]?.(text));
  },
);
