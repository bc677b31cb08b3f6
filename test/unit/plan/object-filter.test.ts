import { describe, expect, test } from 'vitest';
import { type ObjectRef, trustedRef } from '../../../lib/model/object-path.ts';
import {
  filterHash,
  globProblem,
  type ObjectFilterSettings,
  objectFilter,
  wantedBags,
  wantedLists,
} from '../../../lib/plan/object-filter.ts';

const settings = (some: Partial<ObjectFilterSettings>): ObjectFilterSettings => ({
  objects: 'all',
  include: [],
  exclude: [],
  ...some,
});

const PATHS = [
  '/cookbooks/apt/1.0.0',
  '/cookbooks/apt/2.0.0',
  '/cookbooks/yum/1.0.0',
  '/data/secrets',
  '/data/secrets/db',
  '/data/users',
  '/data/users/.hidden',
  '/data/users/ann',
  '/environments/_default',
  '/environments/prod',
  '/roles/base:x',
  '/roles/web',
];

/** The paths of `PATHS` that pass. */
function inside(some: Partial<ObjectFilterSettings>): string[] {
  const passes = objectFilter(settings(some));
  return PATHS.filter((path) => passes(trustedRef(path)));
}

describe('objectFilter', () => {
  test('without settings everything is replicated but the _default environment', () => {
    expect(inside({})).toEqual(PATHS.filter((path) => path !== '/environments/_default'));
    expect(inside({ include: ['environments/_default'] })).toEqual([]);
  });

  test('a role or cookbook may be called _default', () => {
    expect(objectFilter(settings({}))(trustedRef('/roles/_default'))).toBe(true);
  });

  test('objects selects whole kinds, data_bags bags and items', () => {
    expect(inside({ objects: ['data_bags'] })).toEqual(PATHS.filter((path) => path.startsWith('/data/')));
    expect(inside({ objects: [] })).toEqual([]);
  });

  test('an excluded bag takes its items with it, excluded items leave their bag', () => {
    expect(inside({ objects: ['data_bags'], exclude: ['data_bags/secrets'] })).toEqual([
      '/data/users',
      '/data/users/.hidden',
      '/data/users/ann',
    ]);
    expect(inside({ objects: ['data_bags'], exclude: ['data_bags/*/*'] })).toEqual(['/data/secrets', '/data/users']);
  });

  test('an excluded cookbook takes all its versions with it', () => {
    expect(inside({ objects: ['cookbooks'], exclude: ['cookbooks/apt'] })).toEqual(['/cookbooks/yum/1.0.0']);
    expect(inside({ objects: ['cookbooks'], exclude: ['cookbooks/apt/2.*'] })).toEqual([
      '/cookbooks/apt/1.0.0',
      '/cookbooks/yum/1.0.0',
    ]);
  });

  test('an included item brings its bag, and only that', () => {
    expect(inside({ include: ['data_bags/secrets/db'] })).toEqual(['/data/secrets', '/data/secrets/db']);
    expect(inside({ include: ['data_bags/u*/{ann,bob}'] })).toEqual(['/data/users', '/data/users/ann']);
  });

  test('an included container brings its members', () => {
    expect(inside({ include: ['data_bags/users', 'cookbooks/apt', 'roles'] })).toEqual([
      '/cookbooks/apt/1.0.0',
      '/cookbooks/apt/2.0.0',
      '/data/users',
      '/data/users/.hidden',
      '/data/users/ann',
      '/roles/base:x',
      '/roles/web',
    ]);
  });

  test('exclude wins over include, also for the bag an included item would bring', () => {
    expect(inside({ include: ['data_bags/*/*'], exclude: ['data_bags/secrets'] })).toEqual([
      '/data/users',
      '/data/users/.hidden',
      '/data/users/ann',
    ]);
  });

  test('a globstar reaches every depth', () => {
    expect(inside({ include: ['**/db'] })).toEqual(['/data/secrets', '/data/secrets/db', '/data/users']);
    expect(inside({ exclude: ['**'] })).toEqual([]);
  });

  test('names are compared with their case', () => {
    expect(inside({ include: ['roles/WEB'] })).toEqual([]);
  });
});

describe('wantedBags', () => {
  const BAGS = ['secrets', 'users'];
  const wanted = (some: Partial<ObjectFilterSettings>) => BAGS.filter(wantedBags(settings(some)));

  test.each<[string, Partial<ObjectFilterSettings>, string[]]>([
    ['everything without settings', {}, BAGS],
    ['nothing without data_bags', { objects: ['roles'] }, []],
    ['not an excluded bag', { exclude: ['data_bags/secrets'] }, ['users']],
    ['not a bag whose items are all excluded', { exclude: ['data_bags/secrets/*'] }, ['users']],
    ['a bag of which some items are excluded', { exclude: ['data_bags/secrets/d*'] }, BAGS],
    ['only bags that an included item can be in', { include: ['data_bags/s*/db', 'roles/users'] }, ['secrets']],
    ['no bag when only roles are included', { include: ['roles/*'] }, []],
  ])('reads %s', (_what, some, expected) => {
    expect(wanted(some)).toEqual(expected);
  });

  test('never skips a bag of which an item passes the filter', () => {
    const globs = [
      'data_bags/users/ann',
      'data_bags/*/db',
      'data_bags/secrets',
      '**/ann',
      'data_bags/**',
      'roles/*',
      '{roles,data_bags}/users',
    ];
    const items: readonly ObjectRef[] = ['/data/secrets/db', '/data/users/ann', '/data/users/.hidden'].map(trustedRef);
    for (const include of [[], ...globs.map((glob) => [glob])]) {
      for (const exclude of [[], ...globs.map((glob) => [glob])]) {
        const some = settings({ include, exclude });
        const bags = items.filter(objectFilter(some)).map((ref) => ref.container);
        expect(BAGS.filter(wantedBags(some)), JSON.stringify(some)).toEqual(expect.arrayContaining(bags));
      }
    }
  });
});

describe('wantedLists', () => {
  test.each<[string, Partial<ObjectFilterSettings>, string[]]>([
    ['all of them without settings', {}, ['/roles', '/environments', '/cookbooks', '/data']],
    ['those of the selected kinds', { objects: ['roles', 'cookbooks'] }, ['/roles', '/cookbooks']],
    [
      'those an included glob can match',
      { include: ['data_bags/a/b', '{roles,cookbooks}/x'] },
      ['/roles', '/cookbooks', '/data'],
    ],
    ['all of them for a globstar', { include: ['**/x'] }, ['/roles', '/environments', '/cookbooks', '/data']],
    ['none that is excluded as a whole', { exclude: ['roles/**', 'data_bags'] }, ['/environments', '/cookbooks']],
    ['none when nothing is selected', { objects: [] }, []],
  ])('an inventory reads %s', (_what, some, expected) => {
    expect(wantedLists(settings(some))).toEqual(expected);
  });
});

describe('filterHash', () => {
  test('does not change when settings are only reordered or repeated', () => {
    const a = settings({ objects: ['roles', 'cookbooks'], include: ['roles/a', 'roles/b'], exclude: ['roles/c'] });
    const b = settings({
      objects: ['cookbooks', 'roles'],
      include: ['roles/b', 'roles/a', 'roles/b'],
      exclude: ['roles/c'],
    });
    expect(filterHash(b)).toBe(filterHash(a));
  });

  test('changes with every setting that changes what passes', () => {
    const hashes = [
      {},
      { objects: ['roles'] as const },
      { include: ['roles/a'] },
      { exclude: ['roles/a'] },
      { include: ['roles/a', 'roles/b'] },
    ].map((some) => filterHash(settings(some)));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('globProblem', () => {
  test.each([
    'roles/web',
    'roles',
    'data_bags/*/x',
    '**/x',
    '{roles,cookbooks}/a',
    'roles/[ab]*',
    'roles/!(web)',
    'roles/+(a|b)',
  ])('accepts %s', (glob) => {
    expect(globProblem(glob)).toBeUndefined();
  });

  test.each([
    ['!roles/web', 'exclude'],
    ['roles\\web', 'backslash'],
    ['{roles/a,data_bags/b}', 'slash inside brackets'],
    ['databags/users/*', 'begins with one of cookbooks, data_bags'],
    ['/roles/web', '"/roles/web" matches no object: write "roles/web"'],
    ['/data/users/*', '"/data/users/*" matches no object: write "data_bags/users/*"'],
    ['data/users', '"data/users" matches no object: write "data_bags/users"'],
    ['/', 'matches no object: a glob begins with'],
    ['', 'matches no object'],
  ])('explains what is wrong with "%s"', (glob, words) => {
    expect(globProblem(glob)).toContain(words);
    expect(() => objectFilter(settings({ exclude: [glob] }))).toThrow(words);
  });
});
