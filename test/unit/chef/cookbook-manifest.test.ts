import { describe, expect, test } from 'vitest';
import {
  type CookbookManifest,
  filesOutsideSegments,
  readManifest,
  writeManifest,
} from '../../../lib/chef/cookbook-manifest.ts';
import { type ObjectRef, trustedRef } from '../../../lib/model/object-path.ts';

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
const ref = trustedRef('/cookbooks/apt/1.2.0');
const file = (name: string, path = name) => ({ name, path, checksum: MD5, specificity: 'default' });
const head = {
  name: 'apt-1.2',
  cookbook_name: 'apt',
  version: '1.2',
  chef_type: 'cookbook_version',
  json_class: 'Chef::CookbookVersion',
};

function manifestOf(text: string, of: ObjectRef = ref): CookbookManifest {
  const manifest = readManifest(of, text);
  if ('problem' in manifest) throw new Error(manifest.problem);
  return manifest;
}

describe('readManifest', () => {
  test('files of both forms read alike', () => {
    const v2 = {
      ...head,
      metadata: { version: '1.2' },
      all_files: [file('recipes/default.rb'), file('root_files/README.md')],
    };
    const v0 = {
      ...head,
      metadata: { version: '1.2' },
      recipes: [file('default.rb')],
      root_files: [file('README.md')],
    };

    const names = (text: object) => manifestOf(JSON.stringify(text)).files.map(({ name }) => name);

    expect(names(v2)).toEqual(['recipes/default.rb', 'root_files/README.md']);
    expect(names(v0)).toEqual(names(v2));
  });

  test('the version to write with is the one in the metadata, not the listed one', () => {
    expect(manifestOf(JSON.stringify({ ...head, metadata: { version: '1.2' }, all_files: [] })).writtenVersion).toBe(
      '1.2',
    );
  });

  test.each([
    ['another cookbook', { ...head, cookbook_name: 'yum', metadata: { version: '1.2' } }],
    ['another version', { ...head, metadata: { version: '1.3' } }],
  ])('a manifest of %s is refused', (_what, text) => {
    expect(readManifest(ref, JSON.stringify(text))).toMatchObject({ problem: expect.stringMatching(/another/) });
  });

  test('a manifest with a checksum that is none is refused', () => {
    const text = JSON.stringify({
      ...head,
      metadata: { version: '1.2' },
      all_files: [{ ...file('a/b'), checksum: '../x' }],
    });
    expect(readManifest(ref, text)).toHaveProperty('problem');
  });
});

describe('writeManifest', () => {
  const text = `{"name":"apt-1.2","cookbook_name":"apt","version":"1.2","chef_type":"cookbook_version","json_class":"Chef::CookbookVersion",
    "frozen?":true,"metadata":{"version":"1.2","big":12345678901234567890,"f":1.0},"uri":"x",
    "all_files":[{"name":"recipes/default.rb","path":"recipes/default.rb","checksum":"${MD5}","specificity":"default","url":"https://signed"}]}`;

  test('metadata crosses byte for byte, while signed URLs and unknown keys stay behind', () => {
    const written = writeManifest(manifestOf(text), 2);

    expect(written).toContain('"metadata":{"version":"1.2","big":12345678901234567890,"f":1.0}');
    expect(written).not.toContain('signed');
    expect(JSON.parse(written)).not.toHaveProperty('uri');
    expect(JSON.parse(written)).toMatchObject({ 'frozen?': true, all_files: [file('recipes/default.rb')] });
  });

  test('an older server gets all nine segments, each file under its own', () => {
    const written: unknown = JSON.parse(writeManifest(manifestOf(text), 1));

    expect(written).toMatchObject({
      recipes: [file('default.rb', 'recipes/default.rb')],
      attributes: [],
      definitions: [],
      files: [],
      libraries: [],
      providers: [],
      resources: [],
      root_files: [],
      templates: [],
    });
    expect(written).not.toHaveProperty('all_files');
  });

  test('a manifest that does not say whether it is frozen says so afterwards', () => {
    const written = writeManifest(manifestOf(JSON.stringify({ ...head, metadata: { version: '1.2' } })), 1);
    expect(JSON.parse(written)).toHaveProperty(['frozen?'], false);
  });
});

describe('filesOutsideSegments', () => {
  test('names the files that an older server has no place for', () => {
    const text = JSON.stringify({
      ...head,
      metadata: { version: '1.2' },
      all_files: [
        file('recipes/default.rb'),
        file('metadata.rb'),
        file('compliance/web.yml', 'compliance/profiles/web.yml'),
      ],
    });
    expect(filesOutsideSegments(manifestOf(text))).toEqual(['compliance/profiles/web.yml']);
  });
});
