import { expect, test } from 'vitest';
import type { OrganizationPair, PairSettings } from '../../../lib/config/organization-pair.ts';
import { configuredChanges } from '../../../lib/runtime/pair-changes.ts';
import { pairRules } from '../../../lib/runtime/pair-rules.ts';
import { awsText, parse, unreadable } from '../config/config-text.ts';

const pairs = parse(awsText(), unreadable, 'aws').pairs;
const changed = (pair: OrganizationPair, settings: Partial<PairSettings>): OrganizationPair => ({
  ...pair,
  settings: { ...pair.settings, ...settings },
});
const followed = pairs.map(({ name, settings }) => ({ name, filterHash: pairRules(settings).filterHash }));

test('a configuration that says the same changes nothing, in whatever order', () => {
  expect(configuredChanges(pairs, followed.toReversed())).toEqual([]);
});

test('new pairs, other filters and missing pairs are told, and no other setting', () => {
  const [first, second] = pairs;
  if (first === undefined || second === undefined) throw new Error('there are two pairs');

  expect(
    configuredChanges(
      [changed(first, { exclude: ['roles/web'] }), changed(second, { pollSeconds: 10 })],
      [...followed, { name: 'eu/old' }],
    ),
  ).toEqual([
    { pair: first.name, change: 'filter changed' },
    { pair: 'eu/old', change: 'removed' },
  ]);
  expect(configuredChanges(pairs, followed.slice(1))).toEqual([{ pair: first.name, change: 'added' }]);
});

test('a filter that nobody knows is not said to change', () => {
  expect(
    configuredChanges(
      pairs,
      followed.map(({ name }) => ({ name })),
    ),
  ).toEqual([]);
});
