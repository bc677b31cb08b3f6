import { describe, expect, test } from 'vitest';
import type { LedgerEntry } from '../../../lib/model/ledger-entry.ts';
import { planObject, type SeenObject, type Situation } from '../../../lib/plan/plan-object.ts';

const PATH = '/roles/web';
const SITUATION: Situation = {
  drift: 'repair',
  takesBaseline: false,
  trustFrom: 1,
  destination: 'replica-guid',
  previousNumber: 7,
  now: 1_000,
};

const entry = (changes: Partial<LedgerEntry> = {}): LedgerEntry => ({
  path: PATH,
  version: { epoch: 1, n: 1 },
  action: 'upsert',
  state: 'synced',
  attempts: 0,
  sends: 0,
  seen: 'A',
  fingerprint: 'A',
  owned: 'replica-guid',
  ...changes,
});

const both = (source: string, copy: string): SeenObject => ({
  path: PATH,
  isOnPrimary: true,
  isOnReplica: true,
  isEqual: source === copy,
  source,
  copy,
});
const onPrimary = (source?: string): SeenObject => ({
  path: PATH,
  isOnPrimary: true,
  isOnReplica: false,
  isEqual: false,
  ...(source === undefined ? {} : { source }),
});
const onReplica: SeenObject = { path: PATH, isOnPrimary: false, isOnReplica: true, isEqual: false };

const held = { action: 'delete', state: 'held' } as const;
const parked = { state: 'parked', lastError: { code: 'TOO_LARGE', text: 'too large' } } as const;

describe('what a poll would do with', () => {
  test.each<[string, LedgerEntry | undefined, SeenObject, Partial<Situation>, string | undefined, RegExp]>([
    ['an object that is equal', entry(), both('A', 'A'), {}, undefined, /^$/],
    ['a new object', undefined, onPrimary(), {}, 'upsert', /^new/],
    ['an object that was on the replica before', undefined, both('A', 'B'), {}, 'upsert', /^differs/],
    ['a new object of a baseline', undefined, onPrimary(), { takesBaseline: true }, 'leave', /baseline/],
    ['a changed object', entry(), both('B', 'A'), {}, 'upsert', /^changed on the primary$/],
    ['a hand edit', entry(), both('A', 'B'), {}, 'upsert', /^changed on the replica/],
    ['a hand edit that is to be reported', entry(), both('A', 'B'), { drift: 'report' }, 'leave', /drift: report/],
    ['a hand edit again', entry({ driftedIn: 7 }), both('A', 'B'), {}, 'leave', /another writer/],
    ['an object removed by hand', entry(), onPrimary('A'), {}, 'upsert', /^removed from the replica/],
    ['a difference of the baseline', entry({ owned: undefined }), both('A', 'B'), {}, 'leave', /since the baseline/],
    ['a difference after resync', entry({ owned: undefined }), both('A', 'B'), { trustFrom: 2 }, 'upsert', /^differs/],
    ['a replica that was replaced', entry(), both('A', 'B'), { destination: 'x', trustFrom: 2 }, 'upsert', /^differs/],
    ['an object that waits', entry({ state: 'pending' }), onPrimary(), {}, 'upsert', /^waits/],
    ['a parked object', entry(parked), both('A', 'B'), {}, 'leave', /^too large$/],
    ['a parked object that changed', entry(parked), both('B', 'C'), {}, 'upsert', /since it was parked/],
    ['a parked object a day later', entry({ ...parked, nextAttemptAt: 900 }), both('A', 'B'), {}, 'upsert', /daily/],
    ['a deleted object that is back', entry({ action: 'delete' }), onPrimary(), {}, 'upsert', /again/],
    ['an extra object', undefined, onReplica, {}, undefined, /^$/],
    ['an object that was deleted long ago', entry({ action: 'delete' }), onReplica, {}, undefined, /^$/],
    ['what another put there', entry({ owned: undefined }), onReplica, {}, undefined, /^$/],
    ['an object missed first', entry(), onReplica, {}, 'delete', /second inventory/],
    ['an object missed before', entry({ absent: 3 }), onReplica, {}, 'delete', /^gone from the primary$/],
    ['a held delete', entry(held), onReplica, {}, 'delete', /guard decides/],
    ['a released delete', entry({ ...held, state: 'pending' }), onReplica, {}, 'delete', /waits to be deleted/],
  ])('%s', (_what, known, seen, changes, action, reason) => {
    const change = planObject(known, seen, { ...SITUATION, ...changes });

    expect(change?.action).toBe(action);
    expect(change?.reason ?? '').toMatch(reason);
  });
});

test('the guard is asked once about each delete', () => {
  const asks = (known: LedgerEntry) => planObject(known, onReplica, SITUATION)?.asksGuard ?? false;

  expect(asks(entry())).toBe(true);
  expect(asks(entry(held))).toBe(true);
  expect(asks(entry({ ...held, state: 'pending' }))).toBe(false);
  expect(asks(entry({ ...held, lastError: { code: 'NOT_EMPTY', text: 'not empty' } }))).toBe(false);
});
