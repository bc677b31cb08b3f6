import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type CookbookManifest,
  filesOutsideSegments,
  readManifest,
  writeManifest,
} from '../../../lib/chef/cookbook-manifest.ts';
import { memberText } from '../../../lib/chef/json-slices.ts';
import { trustedRef } from '../../../lib/model/object-path.ts';
import { isFrozenManifest, normalisedForm } from '../../../lib/plan/normalised-form.ts';
import { checkError, checkSentence } from '../expected-error.ts';
import { fuzzTarget } from '../fuzz-target.ts';
import { jsonObjectTree, textOf } from '../json-text.ts';
import { mutatedText } from '../mutated-text.ts';

const SEGMENTS = [
  ...[
    'attributes',
    'definitions',
    'files',
    'libraries',
    'providers',
    'recipes',
    'resources',
    'root_files',
    'templates',
  ],
] as const;
const WORDS = [
  'all_files',
  'metadata',
  'frozen?',
  'cookbook_name',
  'version',
  'checksum',
  'path',
  'specificity',
  ...SEGMENTS,
];
/** Signed, and so a secret while it is valid. */
const SOURCE_URL = 'http://files.example.com/checksum?signature=1';
const ref = trustedRef('/cookbooks/app/1.2.0');

const file = fc.record({
  segment: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...SEGMENTS) },
    { weight: 1, arbitrary: fc.constantFrom('compliance', 'ohai', 'kitchen') },
  ),
  name: fc.stringMatching(/^[a-z.é "\\]{1,8}$/),
  checksum: fc.stringMatching(/^[0-9a-fA-F]{32}$/),
  specificity: fc.constantFrom('default', 'ubuntu', 'host-web'),
});

/** A manifest as a server of API version 2 or before writes it, with any metadata and, by path, any files. */
const manifest = fc
  .record({
    files: fc.uniqueArray(file, { maxLength: 6, selector: ({ segment, name }) => `${segment}/${name}` }),
    metadata: jsonObjectTree(['dependencies', 'recipes', 'attributes', 'long_description']),
    metadataStyle: fc.nat(),
    version: fc.constantFrom('1.2.0', '1.2', '01.2.0'),
    isFrozen: fc.constantFrom(true, false, undefined),
    isVersion2: fc.boolean(),
  })
  .map(({ files, metadata, metadataStyle, version, isFrozen, isVersion2 }) => {
    const entries = files.map(({ segment, name, checksum, specificity }) => ({
      segment,
      entry: {
        name,
        path: segment === 'root_files' ? name : `${segment}/${name}`,
        checksum,
        specificity,
        url: SOURCE_URL,
      },
    }));
    // A member of that name written last is the one that counts.
    const metadataText = textOf(metadata, metadataStyle).replace(
      /\}\s*$/,
      `${metadata.kind === 'object' && metadata.members.length > 0 ? ',' : ''}"version":"${version}"}`,
    );
    const isHeld = ({ segment }: (typeof entries)[number]): boolean => SEGMENTS.some((known) => known === segment);
    const lists = isVersion2
      ? [['all_files', entries.map(({ segment, entry }) => ({ ...entry, name: `${segment}/${entry.name}` }))] as const]
      : SEGMENTS.map(
          (segment) =>
            [
              segment,
              entries.filter((one) => one.segment === segment && isHeld(one)).map(({ entry }) => entry),
            ] as const,
        );
    const members = [
      `"name":"app-${version}","cookbook_name":"app","version":"${version}","json_class":"Chef::CookbookVersion"`,
      ...(isFrozen === undefined ? [] : [`"frozen?":${isFrozen}`]),
      `"metadata":${metadataText}`,
      ...lists.map(([name, list]) => `"${name}":${JSON.stringify(list)}`),
    ];
    return `{${members.join(',')}}`;
  });

/** In either form the manifest written from one that was read is the same cookbook version, with the metadata's own text. */
export const manifests = fuzzTarget('cookbook manifests', manifest, (text) => {
  const read = understood(text);
  for (const apiVersion of [0, 2]) {
    if (apiVersion === 0 && filesOutsideSegments(read).length > 0) continue;
    const copy = writeManifest(read, apiVersion);
    assert.equal(normalisedForm('cookbook_version', copy), normalisedForm('cookbook_version', text));
    assert.equal(memberText(copy, 'metadata'), memberText(text, 'metadata'));
    assert.equal(isFrozenManifest(copy), isFrozenManifest(text));
    assert.equal(writeManifest(understood(copy), apiVersion), copy, 'a copy of the copy is the copy');
    assert.ok(!copy.includes(SOURCE_URL), 'no URL of the source is written');
  }
});

/** Whatever the text, it is a manifest or a sentence says why it is none. */
export const damagedManifests = fuzzTarget(
  'damaged manifests',
  fc.oneof(
    mutatedText(manifest, WORDS),
    jsonObjectTree(WORDS).map((tree) => textOf(tree, 0)),
  ),
  (text) => {
    const read = readManifest(ref, text);
    if ('problem' in read) checkSentence(`the manifest ${read.problem}`);
    else for (const apiVersion of [0, 2]) JSON.parse(writeManifest(read, apiVersion));
    try {
      normalisedForm('cookbook_version', text);
      isFrozenManifest(text);
    } catch (error) {
      checkError(error);
    }
  },
);

function understood(text: string): CookbookManifest {
  const read = readManifest(ref, text);
  if ('problem' in read) throw new Error(`a manifest was refused: it ${read.problem}`);
  return read;
}
