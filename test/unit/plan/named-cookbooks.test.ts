import { describe, expect, test } from 'vitest';
import { isMetBy, namedCookbooks } from '../../../lib/plan/named-cookbooks.ts';

describe('the cookbooks that a definition names', () => {
  test('are those of all run lists of a role, and no other roles', () => {
    const role = {
      name: 'web',
      run_list: ['recipe[apt]', 'role[base]', 'recipe[nginx::proxy]', 'ntp', 'users::admins'],
      env_run_lists: { prod: ['recipe[apt::security@1.2.0]'], dev: ['recipe[vim@2.0]', 'role[dev]'] },
    };
    expect(namedCookbooks('role', JSON.stringify(role))).toEqual([
      { name: 'apt' },
      { name: 'nginx' },
      { name: 'ntp' },
      { name: 'users' },
      { name: 'apt', constraint: '1.2.0' },
      { name: 'vim', constraint: '2.0' },
    ]);
  });

  test('are those that an environment pins', () => {
    const environment = { name: 'prod', cookbook_versions: { apt: '= 1.2.0', nginx: '~> 3.1' } };
    expect(namedCookbooks('environment', JSON.stringify(environment))).toEqual([
      { name: 'apt', constraint: '= 1.2.0' },
      { name: 'nginx', constraint: '~> 3.1' },
    ]);
  });

  test('are none in what has not the documented form, and none in other kinds', () => {
    for (const run_list of [
      null,
      'recipe[apt]',
      { a: 'recipe[apt]' },
      [null, 7, ['recipe[apt]'], '', 'recipe[', 'role[a]'],
    ]) {
      expect(namedCookbooks('role', JSON.stringify({ run_list, env_run_lists: run_list }))).toEqual([]);
    }
    for (const cookbook_versions of [null, [], 'apt', { apt: null }, { apt: ['= 1.0.0'] }]) {
      expect(namedCookbooks('environment', JSON.stringify({ cookbook_versions }))).toEqual([]);
    }
    expect(namedCookbooks('data_bag_item', JSON.stringify({ id: 'a', run_list: ['recipe[apt]'] }))).toEqual([]);
  });
});

test.each([
  [undefined, '0.0.1', true],
  ['= 1.2.0', '1.2.0', true],
  ['= 1.2', '1.2.0', true],
  ['1.2', '1.2.1', false],
  ['= 1.2.0', '1.20.0', false],
  ['> 1.9.0', '1.10.0', true],
  ['> 1.2.3', '1.2.3', false],
  ['>= 1.2.3', '1.2.3', true],
  ['< 2.0.0', '1.99.99', true],
  ['< 2.0.0', '2.0.0', false],
  ['<= 2', '2.0.0', true],
  ['~> 1.2', '1.2.0', true],
  ['~> 1.2', '1.99.0', true],
  ['~> 1.2', '2.0.0', false],
  ['~> 1.2.3', '1.2.3', true],
  ['~> 1.2.3', '1.2.2', false],
  ['~> 1.2.3', '1.3.0', false],
  ['~> 0', '0.9.9', true],
  ['>=1.0', '1.0.0', true],
  ['> 1.0.0', '1.0.9007199254740993', true],
  ['= 1.0.9007199254740993', '1.0.9007199254740992', false],
  ['latest', '0.0.1', true],
])('a cookbook wanted as %s is met by version %s: %s', (constraint, version, isMet) => {
  expect(isMetBy({ name: 'apt', constraint }, version)).toBe(isMet);
});
