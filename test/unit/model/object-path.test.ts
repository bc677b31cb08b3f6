import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KIND_ROWS, OBJECT_KINDS, type ObjectKind } from '../../../lib/model/object-kind.ts';
import {
  canonicalVersion,
  globPath,
  kindOfList,
  listOf,
  memberOf,
  nameInList,
  type ObjectRef,
  objectRef,
  parseObjectPath,
  trustedRef,
} from '../../../lib/model/object-path.ts';

const PATHS: readonly (readonly [string, ObjectKind])[] = [
  ['/cookbooks/apt/1.2.0', 'cookbook_version'],
  ['/data/users', 'data_bag'],
  ['/data/users/ann', 'data_bag_item'],
  ['/roles/web:front', 'role'],
  ['/environments/prod', 'environment'],
];

const nameFrom = (letters: string): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 })
    .filter((name) => !/^\.{1,2}$/.test(name));
const NAMES = nameFrom('abcXYZ019._-:');
const COOKBOOK_NAMES = nameFrom('abcXYZ019._-');
const VERSIONS = fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((parts) => parts.join('.'));

/** Any object a pair can replicate. */
const refs: fc.Arbitrary<ObjectRef> = fc
  .oneof(
    fc.tuple(COOKBOOK_NAMES, VERSIONS).map((names) => objectRef('cookbook_version', names)),
    NAMES.map((name) => objectRef('data_bag', [name])),
    fc.tuple(NAMES, NAMES).map((names) => objectRef('data_bag_item', names)),
    NAMES.map((name) => objectRef('role', [name])),
    COOKBOOK_NAMES.map((name) => objectRef('environment', [name])),
  )
  .map((ref) => {
    if ('unknown' in ref) throw new Error(`${ref.unknown}: ${ref.reason}`);
    return ref;
  });

describe('parseObjectPath', () => {
  test.each(PATHS)('%s is a %s', (path, kind) => {
    expect(parseObjectPath(path)).toMatchObject({ kind, path });
  });

  test('reads back every path that was ever printed, however it is spelled', () => {
    fc.assert(
      fc.property(refs, (ref) => {
        const prefixes = [
          '',
          '/organizations/acme',
          'organizations/acme',
          'https://chef.example.com/organizations/acme',
        ];
        for (const prefix of prefixes) expect(parseObjectPath(`${prefix}${ref.path}`)).toEqual(ref);
        expect(parseObjectPath(ref.path.slice(1))).toEqual(ref);
        expect(parseObjectPath(globPath(ref))).toEqual(ref);
      }),
    );
  });

  test('takes a short or padded cookbook version for the one that servers store', () => {
    expect(parseObjectPath('cookbooks/apt/1.2')).toMatchObject({ path: '/cookbooks/apt/1.2.0', name: '1.2.0' });
    expect(parseObjectPath('/cookbooks/apt/01.2.3')).toMatchObject({ path: '/cookbooks/apt/1.2.3' });
  });

  test.each([
    '/roles/..',
    '/roles/.',
    '/data/../users',
    '/data/users/..',
    '/cookbooks/../1.0.0',
    '/roles/a%2Fb',
    '/roles/%2e%2e',
    '/roles/a b',
    '/roles/a?b',
    '/roles/a#b',
    '/roles/ä',
    '/roles/web\n',
    '/environments/a:b',
    '/cookbooks/apt/_latest',
    '/cookbooks/apt/1.2.3-beta',
  ])('%j would address something else, so it names nothing', (path) => {
    expect(parseObjectPath(path)).toEqual({ unknown: path, reason: expect.any(String) });
  });

  test.each([
    '',
    '/',
    '/roles',
    '/roles/',
    '/roles/web/',
    '/roles/a/b',
    '/data/bag/item/more',
    '/cookbooks/apt',
    '/nodes/web-1',
    '/clients/web-1',
    '/policies/web/revisions/1',
    '/organizations/acme',
    'https://chef.example.com/',
  ])('%j is kept and reported as unknown', (path) => {
    expect(parseObjectPath(path)).toEqual({ unknown: path, reason: expect.any(String) });
  });

  test('never throws, and what it accepts is safe in a URL', () => {
    const paths = fc
      .tuple(fc.constantFrom('/roles/', '/data/', '/cookbooks/apt/', '/environments/', ''), fc.string())
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(paths, (path) => {
        const ref = parseObjectPath(path);
        if (!('unknown' in ref)) {
          const url = `https://chef.example.com/organizations/acme${ref.path}`;
          expect(new URL(url).href).toBe(url);
        }
      }),
    );
  });
});

describe('canonicalVersion', () => {
  test.each([
    ['1', '1.0.0'],
    ['1.2', '1.2.0'],
    ['01.002.3', '1.2.3'],
    ['9223372036854775807.0.1', '9223372036854775807.0.1'],
    ['_latest', '_latest'],
    ['1.2.3.4', '1.2.3.4'],
  ])('%s is stored as %s', (version, stored) => {
    expect(canonicalVersion(version)).toBe(stored);
  });
});

describe('lists', () => {
  test('an object is found in its list under its name there', () => {
    fc.assert(
      fc.property(refs, (ref) => {
        expect(memberOf(listOf(ref), nameInList(ref))).toEqual(ref);
        expect(kindOfList(listOf(ref))).toBe(ref.kind);
      }),
    );
  });

  test.each([
    ['/cookbooks', 'apt/1.0.0', '/cookbooks/apt/1.0.0'],
    ['/data', 'users', '/data/users'],
    ['/data/users', 'ann', '/data/users/ann'],
    ['/roles', 'web', '/roles/web'],
    ['/environments', 'prod', '/environments/prod'],
  ] as const)('a member of %s called %s is %s', (list, name, path) => {
    expect(memberOf(list, name)).toMatchObject({ path });
  });

  test('names that no request can carry are not objects', () => {
    expect(memberOf('/data/users', '..')).toHaveProperty('unknown');
    expect(memberOf('/cookbooks', 'apt')).toHaveProperty('unknown');
    expect(memberOf('/roles', 'a/b')).toHaveProperty('unknown');
  });

  test('a list of no replicated kind is a fault', () => {
    expect(() => kindOfList('/nodes')).toThrow('/nodes');
  });
});

describe('trustedRef', () => {
  test('a path that only damage can have put into the ledger is a fault', () => {
    expect(() => trustedRef('/roles/..')).toThrow('/roles/..');
  });
});

describe('the table of object kinds', () => {
  test('has every kind under its own name, and containers whose members have two names', () => {
    for (const [kind, row] of Object.entries(OBJECT_KINDS)) expect(row.kind).toBe(kind);
    for (const row of KIND_ROWS.filter(({ isContainer }) => isContainer)) {
      expect(KIND_ROWS).toContainEqual(expect.objectContaining({ root: row.root, nameCount: 2 }));
    }
  });
});
