import { describe, expect, test } from 'vitest';
import { onceExit, statusExit, worstExit } from '../../../lib/cli/exit-codes.ts';
import type { OnceReport } from '../../../lib/runtime/local-polls.ts';
import type { PairStatus } from '../../../lib/sync/pair-status.ts';
import { pairStatusOf } from './pair-status.ts';

describe('statusExit', () => {
  test.each<[string, PairStatus, string, string]>([
    ['in sync', pairStatusOf(), 'ok', 'ok'],
    ['no longer configured', pairStatusOf({ condition: 'no longer configured' }), 'ok', 'ok'],
    ['stopped', pairStatusOf({ condition: 'stopped', counts: { parked: 1 } }), 'stopped', 'stopped'],
    ['waiting for a server', pairStatusOf({ condition: 'waiting' }), 'waiting', 'waiting'],
    ['stale', pairStatusOf({ condition: 'stale' }), 'waiting', 'waiting'],
    ['never polled', pairStatusOf({ condition: 'never polled' }), 'waiting', 'waiting'],
    ['not compared', pairStatusOf({ condition: 'baseline not compared' }), 'waiting', 'waiting'],
    ['held', pairStatusOf({ condition: 'deletes held', counts: { held: 3 } }), 'unsynced', 'unsynced'],
    ['parked beside work', pairStatusOf({ condition: 'catching up', counts: { parked: 1 } }), 'unsynced', 'unsynced'],
    ['a fresh change', pairStatusOf({ condition: 'catching up', lagMs: 5_000 }), 'waiting', 'ok'],
    ['an old change', pairStatusOf({ condition: 'catching up', lagMs: 61_000 }), 'waiting', 'waiting'],
    ['fresh absence', pairStatusOf({ condition: 'unsynced', lagMs: 5_000, counts: { absent: 1 } }), 'unsynced', 'ok'],
  ])('%s: alone and with --max-lag 1m', (_, status, alone, withMaxLag) => {
    expect(statusExit(status)).toBe(alone);
    expect(statusExit(status, 60_000)).toBe(withMaxLag);
  });
});

describe('onceExit', () => {
  const report = (changes: Partial<OnceReport>): OnceReport => ({
    pair: 'eu/acme',
    poll: { outcome: 'complete' },
    status: pairStatusOf(),
    unsynced: [],
    ...changes,
  });
  const unsynced = [
    { path: '/roles/web', action: 'upsert', state: 'pending', attempts: 1, reason: 'refused' },
  ] as const;

  test.each<[string, OnceReport, string]>([
    ['in sync', report({}), 'ok'],
    ['an object left over', report({ unsynced, status: pairStatusOf({ condition: 'catching up' }) }), 'unsynced'],
    ['a server in the way', report({ poll: { outcome: 'problem', problem: 'refused' }, unsynced }), 'waiting'],
    ['interrupted', report({ poll: { outcome: 'cut' } }), 'waiting'],
    ['an unread list', report({ status: pairStatusOf({ condition: 'waiting' }) }), 'waiting'],
    ['stopped', report({ poll: { outcome: 'stopped' } }), 'stopped'],
    ['a fault of ours', report({ poll: { outcome: 'problem' }, fault: 'oops' }), 'fault'],
  ])('%s', (_, once, exit) => {
    expect(onceExit(once)).toBe(exit);
  });
});

test('of several pairs the worst counts', () => {
  expect(worstExit([])).toBe('ok');
  expect(worstExit(['ok', 'waiting', 'unsynced'])).toBe('waiting');
  expect(worstExit(['refused', 'waiting'])).toBe('refused');
  expect(worstExit(['stopped', 'fault', 'ok'])).toBe('fault');
});
