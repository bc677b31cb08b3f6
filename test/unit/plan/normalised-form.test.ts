import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ObjectKind } from '../../../lib/model/object-kind.ts';
import {
  differingFields,
  isFrozenManifest,
  isFrozenObject,
  normalisedForm,
} from '../../../lib/plan/normalised-form.ts';

const areEqual = (kind: ObjectKind, a: object | string, b: object | string): boolean => {
  const [textA, textB] = [a, b].map((object) => (typeof object === 'string' ? object : JSON.stringify(object)));
  const isEqual = normalisedForm(kind, textA ?? '') === normalisedForm(kind, textB ?? '');
  expect(differingFields(kind, textA ?? '', textB ?? '').length === 0).toBe(isEqual);
  return isEqual;
};

const CHECKSUM = 'd41d8cd98f00b204e9800998ecf8427e';
const OTHER_CHECKSUM = '0cc175b9c0f1b6a831c399e269772661';

describe('normalisedForm of roles', () => {
  const bare = { name: 'web' };

  test('a role without its defaults equals one with them', () => {
    const full = {
      name: 'web',
      description: '',
      json_class: 'Chef::Role',
      chef_type: 'role',
      default_attributes: {},
      override_attributes: {},
      run_list: [],
      env_run_lists: {},
    };
    expect(areEqual('role', bare, full)).toBe(true);
    expect(areEqual('role', { ...full, run_list: null }, bare)).toBe(true);
  });

  test('short and repeated run list entries equal what the server makes of them', () => {
    const short = {
      name: 'web',
      run_list: ['apt', 'role[base]', 'recipe[apt]', 'x::y@1.0.0'],
      env_run_lists: { p: ['apt', 'apt'], q: null },
    };
    const long = {
      name: 'web',
      run_list: ['recipe[apt]', 'role[base]', 'recipe[x::y@1.0.0]'],
      env_run_lists: { q: [], p: ['recipe[apt]'] },
    };
    expect(areEqual('role', short, long)).toBe(true);
  });

  test('another order of the run list, another attribute or description is a difference', () => {
    expect(areEqual('role', { ...bare, run_list: ['a', 'b'] }, { ...bare, run_list: ['b', 'a'] })).toBe(false);
    expect(areEqual('role', { ...bare, default_attributes: { a: 1 } }, bare)).toBe(false);
    expect(areEqual('role', { ...bare, description: 'x' }, bare)).toBe(false);
  });

  test('numbers are compared by exact decimal value', () => {
    const withPort = (port: string) => `{"name":"web","default_attributes":{"port":${port}}}`;
    expect(areEqual('role', withPort('1.10'), withPort('1.1'))).toBe(true);
    expect(areEqual('role', withPort('1e2'), withPort('100.0'))).toBe(true);
    expect(areEqual('role', withPort('9007199254740993'), withPort('9007199254740992'))).toBe(false);
    expect(areEqual('role', withPort('1'), withPort('"1"'))).toBe(false);
  });

  test('null attributes inside the maps stay data', () => {
    expect(areEqual('role', { ...bare, default_attributes: { a: null } }, bare)).toBe(false);
  });
});

describe('normalisedForm of environments', () => {
  test('an environment without its defaults equals one with them', () => {
    const full = {
      name: 'prod',
      description: '',
      json_class: 'Chef::Environment',
      chef_type: 'environment',
      cookbook_versions: {},
      default_attributes: {},
      override_attributes: {},
    };
    expect(areEqual('environment', { name: 'prod' }, full)).toBe(true);
    expect(areEqual('environment', { name: 'prod', cookbook_versions: { apt: '= 2.0.0' } }, full)).toBe(false);
  });
});

describe('normalisedForm of data bags and items', () => {
  test('a bag is its name', () => {
    const answered = { name: 'users', json_class: 'Chef::DataBag', chef_type: 'data_bag' };
    expect(areEqual('data_bag', answered, { name: 'users' })).toBe(true);
    expect(areEqual('data_bag', answered, { name: 'groups' })).toBe(false);
  });

  test('nothing of an item is ignored, not even the keys a server adds to its answers', () => {
    expect(areEqual('data_bag_item', { id: 'a', chef_type: 'data_bag_item' }, { id: 'a' })).toBe(false);
    expect(areEqual('data_bag_item', { id: 'a', x: null }, { id: 'a' })).toBe(false);
    expect(areEqual('data_bag_item', '{"id":"a","__proto__":{"x":1}}', '{"id":"a"}')).toBe(false);
  });

  test('an item equals itself with its keys in any order', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (item) => {
        const reversed = Object.fromEntries(Object.entries(item).reverse());
        expect(normalisedForm('data_bag_item', JSON.stringify(reversed))).toBe(
          normalisedForm('data_bag_item', JSON.stringify(item)),
        );
      }),
    );
  });
});

describe('normalisedForm of cookbook versions', () => {
  const v2 = {
    name: 'apt-2.0.0',
    cookbook_name: 'apt',
    version: '2.0.0',
    chef_type: 'cookbook_version',
    json_class: 'Chef::CookbookVersion',
    'frozen?': false,
    metadata: { name: 'apt', version: '2.0.0', attributes: {}, dependencies: {}, long_description: '', recipes: {} },
    all_files: [
      {
        name: 'recipes/default.rb',
        path: 'recipes/default.rb',
        checksum: CHECKSUM,
        specificity: 'default',
        url: 'https://a/?sig=1',
      },
      { name: 'root_files/metadata.rb', path: 'metadata.rb', checksum: OTHER_CHECKSUM, specificity: 'default' },
    ],
  };
  const v0 = {
    cookbook_name: 'apt',
    metadata: { name: 'apt', version: '2.0.0' },
    recipes: [
      {
        name: 'default.rb',
        path: 'recipes/default.rb',
        checksum: CHECKSUM.toUpperCase(),
        specificity: 'default',
        url: 'https://b/',
      },
    ],
    root_files: [{ name: 'metadata.rb', path: 'metadata.rb', checksum: OTHER_CHECKSUM, specificity: 'default' }],
    templates: [],
    libraries: null,
  };

  test('a manifest of API v0 equals the same version in API v2, URLs and order aside', () => {
    expect(areEqual('cookbook_version', v0, v2)).toBe(true);
    expect(areEqual('cookbook_version', { ...v2, all_files: v2.all_files.toReversed() }, v2)).toBe(true);
  });

  test('another file, specificity, dependency or frozen flag is a difference', () => {
    const [recipe, root] = v2.all_files;
    expect(areEqual('cookbook_version', { ...v2, all_files: [recipe] }, v2)).toBe(false);
    expect(areEqual('cookbook_version', { ...v2, all_files: [{ ...recipe, specificity: 'ubuntu' }, root] }, v2)).toBe(
      false,
    );
    expect(
      areEqual('cookbook_version', { ...v2, metadata: { ...v2.metadata, dependencies: { yum: '> 1' } } }, v2),
    ).toBe(false);
    expect(areEqual('cookbook_version', { ...v2, 'frozen?': true }, v2)).toBe(false);
  });

  test.each([
    ['a list of files that is none', { ...v2, all_files: {} }],
    ['a file without a path', { ...v2, all_files: [{ checksum: CHECKSUM }] }],
    ['a file that is no object', { ...v2, all_files: ['recipes/default.rb'] }],
  ])('refuses a manifest with %s', (_what, manifest) => {
    expect(() => normalisedForm('cookbook_version', JSON.stringify(manifest))).toThrow('of its manifest');
  });
});

describe('differingFields', () => {
  test('names the fields of a role that differ, sorted, and no value', () => {
    const a = JSON.stringify({ name: 'web', run_list: ['a'], description: 'secret' });
    const b = JSON.stringify({ name: 'web', run_list: ['b'], extra: 1 });
    expect(differingFields('role', a, b)).toEqual(['description', 'extra', 'run_list']);
  });

  test('names the files of a cookbook version that differ', () => {
    const manifest = (files: readonly object[], isFrozen: boolean) =>
      JSON.stringify({ metadata: {}, all_files: files, 'frozen?': isFrozen });
    const file = (path: string, checksum: string) => ({ path, checksum });
    const a = manifest([file('a.rb', CHECKSUM), file('b.rb', CHECKSUM), file('c.rb', CHECKSUM)], true);
    const b = manifest([file('a.rb', CHECKSUM), file('b.rb', OTHER_CHECKSUM), file('d.rb', CHECKSUM)], false);
    expect(differingFields('cookbook_version', a, b)).toEqual(['b.rb', 'c.rb', 'd.rb', 'frozen?']);
  });
});

describe('isFrozenManifest', () => {
  test('a version is frozen only when its manifest says so', () => {
    expect(isFrozenManifest('{"frozen?":true}')).toBe(true);
    expect(isFrozenManifest('{"frozen?":false}')).toBe(false);
    expect(isFrozenManifest('{}')).toBe(false);
  });
});

describe('isFrozenObject', () => {
  test('an item that holds a field of that name is not frozen', () => {
    expect(isFrozenObject('cookbook_version', '{"frozen?":true}')).toBe(true);
    expect(isFrozenObject('data_bag_item', '{"id":"a","frozen?":true}')).toBe(false);
  });
});
