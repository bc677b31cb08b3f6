import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  baseline,
  begin,
  claim,
  clearAbsent,
  DRIFT_CODES,
  driftIsGone,
  hasClaimed,
  hold,
  holdUnderPlan,
  isDriftReport,
  isLive,
  isUnsettled,
  type LedgerEntry,
  markAbsent,
  markSent,
  noteSeen,
  type Observation,
  observe,
  park,
  release,
  reportDrift,
  retryAt,
  settle,
  unsyncedBucket,
  withdraw,
} from '../../../lib/model/ledger-entry.ts';
import type { Version } from '../../../lib/model/version.ts';
import { entryOf } from './entry-of.ts';

const PATH = '/roles/web';
const V1: Version = { epoch: 1, n: 1 };
const STALE: Version = { epoch: 1, n: 0 };
const HERE = 'guid-of-the-destination';
const ELSEWHERE = 'guid-of-another-destination';

const pending = (some: Partial<LedgerEntry> = {}) => entryOf(PATH, some);
const synced = (some: Partial<LedgerEntry> = {}): LedgerEntry => ({
  path: PATH,
  version: V1,
  action: 'upsert',
  state: 'synced',
  attempts: 1,
  sends: 1,
  settledAt: 10,
  seen: 'A',
  fingerprint: 'A',
  owned: HERE,
  ...some,
});
const tombstone = (some: Partial<LedgerEntry> = {}): LedgerEntry => {
  const { seen, fingerprint, owned, ...rest } = synced({ action: 'delete', claims: ['A'], ...some });
  return rest;
};
const parked = (some: Partial<LedgerEntry> = {}) =>
  pending({ state: 'parked', attempts: 8, seen: 'A', nextAttemptAt: 9_000, lastError: ERROR, ...some });
const held = (some: Partial<LedgerEntry> = {}) => pending({ action: 'delete', state: 'held', owned: HERE, ...some });
const ERROR = { code: 'REFUSED', text: 'The replica refuses the object.', side: 'replica' } as const;

const seeing = (some: Partial<Observation> = {}): Observation => ({
  path: PATH,
  action: 'upsert',
  epoch: 1,
  now: 100,
  by: 'inventory',
  seen: 'B',
  ...some,
});
const copied = (some: Partial<Parameters<typeof settle>[1]> = {}) => ({
  version: V1,
  now: 200,
  readAt: 190,
  fingerprint: 'B',
  destination: HERE,
  ...some,
});
const deleted = { version: V1, now: 200, readAt: 190, destination: HERE };

describe('observe', () => {
  test('a new object is to be copied at once', () => {
    expect(observe(undefined, seeing())).toMatchObject({
      version: V1,
      state: 'pending',
      action: 'upsert',
      attempts: 0,
      sends: 0,
      nextAttemptAt: 100,
      pendingSince: 100,
      seen: 'B',
    });
  });

  test('a change gets the next version, with no attempts and no message out', () => {
    const changed = observe(pending({ attempts: 5, sends: 3, sentAt: 50, lastError: ERROR }), seeing());
    expect(changed).toMatchObject({ version: { epoch: 1, n: 2 }, attempts: 0, sends: 0 });
    expect(changed?.sentAt).toBeUndefined();
    expect(changed?.lastError).toBeUndefined();
  });

  test('a change of what is not copied yet counts its lag from the first change', () => {
    expect(observe(pending({ pendingSince: 7 }), seeing())?.pendingSince).toBe(7);
    expect(observe(held({ pendingSince: 7 }), seeing())?.pendingSince).toBe(7);
    expect(observe(synced(), seeing())?.pendingSince).toBe(100);
    expect(observe(parked({ pendingSince: 7 }), seeing())?.pendingSince).toBe(100);
  });

  test('a delete is always held, whoever tells of it', () => {
    for (const by of ['inventory', 'feed', 'hint', 'replica', 'operator'] as const) {
      expect(observe(synced(), seeing({ action: 'delete', by }))).toMatchObject({ state: 'held', action: 'delete' });
    }
  });

  test('a delete of an object that the pair never knew is nothing', () => {
    expect(observe(undefined, seeing({ action: 'delete' }))).toBeUndefined();
  });

  test('a held delete whose object is listed again is copied instead', () => {
    expect(observe(held({ plan: 'p' }), seeing())).toMatchObject({ state: 'pending', action: 'upsert', owned: HERE });
    expect(observe(held({ plan: 'p' }), seeing())?.plan).toBeUndefined();
  });

  test('what the replica holds through us stays known, so that it can be deleted later', () => {
    expect(observe(synced({ claims: ['C'] }), seeing())).toMatchObject({
      owned: HERE,
      fingerprint: 'A',
      claims: ['C'],
    });
  });

  test('an object that is told of again is no longer absent', () => {
    expect(observe(synced({ absent: 3 }), seeing())?.absent).toBeUndefined();
  });

  test('feed and hints know that something changed, not what it is now', () => {
    for (const by of ['feed', 'hint'] as const) {
      expect(observe(synced(), seeing({ by, seen: undefined }))?.seen).toBeUndefined();
    }
    for (const by of ['replica', 'operator'] as const) {
      expect(observe(synced(), seeing({ by, seen: undefined }))?.seen).toBe('A');
    }
  });

  test.each<[string, string | undefined, string, boolean]>([
    ['a newer event', '9', '10', true],
    ['the same event', '10', '10', false],
    ['an event that was committed late', '10', '9', false],
    ['the first event', undefined, '5', true],
    ['a newer event beyond 2^53', '9007199254740992', '9007199254740993', true],
    ['the same event beyond 2^53', '9007199254740993', '9007199254740993', false],
  ])('%s', (_, feedId, told, isTaken) => {
    const after = observe(synced({ feedId }), seeing({ by: 'feed', feedId: told }));
    expect(after !== undefined).toBe(isTaken);
    if (after !== undefined) expect(after.feedId).toBe(told);
  });

  test('a feed that began anew counts from the beginning', () => {
    const after = observe(synced({ feedId: '500' }), seeing({ by: 'feed', feedId: '3', epoch: 2 }));
    expect(after).toMatchObject({ version: { epoch: 2, n: 2 }, feedId: '3' });
  });

  test('the last event taken is remembered over what others tell, in its epoch only', () => {
    expect(observe(synced({ feedId: '500' }), seeing())?.feedId).toBe('500');
    expect(observe(synced({ feedId: '500' }), seeing({ epoch: 2 }))?.feedId).toBeUndefined();
  });

  test('a poll that is behind never takes the entry back to an earlier epoch', () => {
    expect(observe(synced({ version: { epoch: 3, n: 4 } }), seeing({ epoch: 2 }))?.version).toEqual({ epoch: 3, n: 5 });
  });
});

describe('baseline', () => {
  test('the current primary is taken as it is: nothing to copy, nothing owned', () => {
    const entry = baseline({ path: PATH, epoch: 1, now: 5, seen: 'A' });
    expect(entry).toMatchObject({ state: 'synced', action: 'upsert', seen: 'A', settledAt: 5 });
    expect(entry.owned).toBeUndefined();
    expect(unsyncedBucket(entry)).toBeUndefined();
  });
});

describe('begin', () => {
  test('counts the attempt before it is made, so that a copier that dies is counted', () => {
    expect(begin(pending({ attempts: 2 }), V1)).toMatchObject({ attempts: 3, state: 'pending' });
  });

  test.each<[string, LedgerEntry | undefined, Version]>([
    ['a newer version waits', pending({ version: { epoch: 1, n: 2 } }), V1],
    ['a newer epoch began', pending({ version: { epoch: 2, n: 1 } }), V1],
    ['it is synced', synced(), V1],
    ['it is parked', parked(), V1],
    ['it is held', held(), V1],
    ['it is not known', undefined, V1],
  ])('nothing may be copied when %s', (_, entry, version) => {
    expect(begin(entry, version)).toBeUndefined();
    expect(claim(entry, version, 'B')).toBeUndefined();
    expect(retryAt(entry, { version, at: 1 })).toBeUndefined();
    expect(park(entry, { version })).toBeUndefined();
    expect(hold(entry, { version })).toBeUndefined();
    expect(markSent(entry, pending({ version }), { now: 1, dueAgainAt: 2 })).toBeUndefined();
    expect(noteSeen(entry, version, 'B')).toBeUndefined();
  });
});

describe('settle', () => {
  test('a copied object is synced, owned and known', () => {
    const entry = settle(pending({ attempts: 1, sends: 1, sentAt: 50, lastError: ERROR, claims: ['B'] }), copied());
    expect(entry).toEqual({
      path: PATH,
      version: V1,
      action: 'upsert',
      state: 'synced',
      attempts: 1,
      sends: 1,
      settledAt: 200,
      seen: 'B',
      fingerprint: 'B',
      owned: HERE,
    });
  });

  test('a planned delete whose object was found on the primary is an upsert from then on', () => {
    expect(settle(pending({ action: 'delete' }), copied())).toMatchObject({
      state: 'synced',
      action: 'upsert',
      owned: HERE,
    });
  });

  test('a superseded copy settles nothing, but what it wrote is ours', () => {
    const entry = settle(pending({ version: { epoch: 1, n: 2 }, pendingSince: 7, attempts: 0 }), copied());
    expect(entry).toMatchObject({ state: 'pending', version: { epoch: 1, n: 2 }, fingerprint: 'B', owned: HERE });
    expect(entry?.pendingSince).toBe(190);
  });

  test('a copy that ended after the object was told to be deleted still leaves it deletable', () => {
    const entry = settle(held({ version: { epoch: 1, n: 2 }, owned: undefined }), copied());
    expect(entry).toMatchObject({ state: 'held', action: 'delete', owned: HERE, fingerprint: 'B' });
  });

  test('a superseded copy never makes the lag look longer than it was', () => {
    expect(settle(pending({ version: { epoch: 1, n: 2 }, pendingSince: 195 }), copied())?.pendingSince).toBe(195);
  });

  test('a deleted object leaves a tombstone that owns nothing and remembers what was there', () => {
    const entry = settle(pending({ action: 'delete', fingerprint: 'A', owned: HERE, seen: 'A', absent: 3 }), deleted);
    expect(entry).toMatchObject({ state: 'synced', action: 'delete', claims: ['A'], settledAt: 200 });
    for (const gone of ['owned', 'fingerprint', 'seen', 'absent', 'pendingSince'])
      expect(entry).not.toHaveProperty(gone);
  });

  test('an object of an organization that was replaced is left alone, and never looks like ours afterwards', () => {
    const entry = settle(pending({ action: 'delete', fingerprint: 'A', owned: ELSEWHERE }), deleted);
    expect(entry).toMatchObject({ state: 'synced', action: 'delete' });
    expect(entry?.claims).toBeUndefined();
  });

  test('a delete that lost its race is nothing', () => {
    expect(settle(pending({ version: { epoch: 1, n: 2 } }), deleted)).toBeUndefined();
    expect(settle(held(), deleted)).toBeUndefined();
    expect(settle(undefined, deleted)).toBeUndefined();
  });

  test('an old copy that ended after a newer one was settled is put right: the object is copied again', () => {
    const newer = synced({ version: { epoch: 1, n: 2 }, fingerprint: 'C', seen: 'C' });
    expect(settle(newer, copied())).toMatchObject({
      version: { epoch: 1, n: 3 },
      state: 'pending',
      action: 'upsert',
      fingerprint: 'B',
      seen: 'C',
      pendingSince: 200,
    });
  });

  test('an old copy that ended after the object was deleted is put right: the object is deleted again', () => {
    expect(settle(tombstone({ version: { epoch: 1, n: 2 } }), copied())).toMatchObject({
      version: { epoch: 1, n: 3 },
      state: 'held',
      action: 'delete',
      owned: HERE,
    });
  });

  test('an old copy of an object that is parked or left the filter makes it ours, no more', () => {
    const stays = parked({ version: { epoch: 1, n: 2 } });
    expect(settle(stays, copied())).toEqual({ ...stays, fingerprint: 'B', owned: HERE });
    const left = withdraw(pending({ version: { epoch: 1, n: 2 } }));
    expect(settle(left, copied())).toMatchObject({ state: 'synced', version: { epoch: 1, n: 2 }, owned: HERE });
  });

  test('two copies of the same text leave it as it is', () => {
    expect(settle(synced(), copied({ fingerprint: 'A' }))).toBeUndefined();
    expect(settle(synced({ version: { epoch: 1, n: 2 } }), copied({ fingerprint: 'A' }))).toBeUndefined();
  });
});

describe('retryAt', () => {
  test('the failed object is due later, with the reason, and its message is no longer out', () => {
    const entry = retryAt(pending({ attempts: 1, sentAt: 50, nextAttemptAt: 900 }), {
      version: V1,
      at: 300,
      error: ERROR,
    });
    expect(entry).toMatchObject({
      state: 'pending',
      attempts: 1,
      nextAttemptAt: 300,
      lastError: ERROR,
      pendingSince: 0,
    });
    expect(entry).not.toHaveProperty('sentAt');
  });

  test('a failure of the server does not count, and there are never fewer than no attempts', () => {
    expect(retryAt(pending({ attempts: 3 }), { version: V1, at: 1, isAttemptGivenBack: true })?.attempts).toBe(2);
    expect(retryAt(pending(), { version: V1, at: 1, isAttemptGivenBack: true })?.attempts).toBe(0);
  });

  test('the reason and what was seen stay when the next failure has none of its own', () => {
    const entry = pending({ lastError: ERROR, seen: 'A' });
    expect(retryAt(entry, { version: V1, at: 1 })).toMatchObject({ lastError: ERROR, seen: 'A' });
    expect(retryAt(entry, { version: V1, at: 1, seen: 'B' })).toMatchObject({ seen: 'B' });
  });
});

describe('park', () => {
  test('a parked object is settled, shown, and keeps since when it differs', () => {
    const entry = park(pending({ pendingSince: 7, sentAt: 50 }), { version: V1, at: 400, error: ERROR });
    expect(entry).toMatchObject({ state: 'parked', nextAttemptAt: 400, lastError: ERROR, pendingSince: 7 });
    expect(entry && isUnsettled(entry)).toBe(false);
    expect(entry && unsyncedBucket(entry)).toBe('parked');
  });

  test('without a time it waits for an operator', () => {
    expect(park(pending({ nextAttemptAt: 5 }), { version: V1 })?.nextAttemptAt).toBeUndefined();
  });
});

describe('the guard', () => {
  test('a released delete is due at once and keeps since when it waits', () => {
    expect(release(held({ plan: 'p', pendingSince: 7, nextAttemptAt: 3 }), V1, 500)).toEqual({
      ...pending({ action: 'delete', owned: HERE, pendingSince: 7, nextAttemptAt: 500 }),
    });
  });

  test('only the version that was looked at is released', () => {
    expect(release(held(), STALE, 500)).toBeUndefined();
    expect(release(pending({ action: 'delete' }), V1, 500)).toBeUndefined();
    expect(release(undefined, V1, 500)).toBeUndefined();
  });

  test('a held delete stands under one plan; the same one again writes nothing', () => {
    expect(holdUnderPlan(held(), V1, 'p')).toMatchObject({ state: 'held', plan: 'p' });
    expect(holdUnderPlan(held({ plan: 'old' }), V1, 'p')).toMatchObject({ plan: 'p' });
    expect(holdUnderPlan(held({ plan: 'p' }), V1, 'p')).toBeUndefined();
    expect(holdUnderPlan(held(), STALE, 'p')).toBeUndefined();
    expect(holdUnderPlan(synced(), V1, 'p')).toBeUndefined();
  });

  test('a delete that cannot be done yet goes back to the guard with the reason', () => {
    const entry = hold(pending({ action: 'delete', attempts: 1, sentAt: 5 }), { version: V1, at: 900, error: ERROR });
    expect(entry).toMatchObject({ state: 'held', nextAttemptAt: 900, lastError: ERROR });
  });

  test('a bag that is not empty for days is no copy that never ended: going back to the guard is no failed attempt', () => {
    expect(hold(pending({ action: 'delete', attempts: 1 }), { version: V1, at: 900, error: ERROR })?.attempts).toBe(0);
  });

  test('an upsert has nothing to do with the guard', () => {
    expect(hold(pending(), { version: V1, at: 900 })).toBeUndefined();
  });
});

describe('claim', () => {
  test('remembers what is about to be written, without changing what is known', () => {
    expect(claim(pending({ fingerprint: 'A' }), V1, 'B')).toEqual(pending({ fingerprint: 'A', claims: ['B'] }));
  });

  test('an attempt that read something else does not make the write of an earlier one nobody’s', () => {
    const entry = claim(claim(pending(), V1, 'A'), V1, 'B');
    expect(entry?.claims).toEqual(['A', 'B']);
    expect(hasClaimed(entry ?? pending(), 'A')).toBe(true);
    expect(claim(entry, V1, 'A')?.claims).toEqual(['B', 'A']);
  });
});

describe('markSent', () => {
  const times = { now: 50, dueAgainAt: 770 };

  test('a message is out, and nobody sends another before its time', () => {
    const chosen = pending();
    expect(markSent(chosen, chosen, times)).toMatchObject({ sends: 1, sentAt: 50, nextAttemptAt: 770 });
  });

  test('a copier that has begun meanwhile changes nothing of that', () => {
    expect(markSent(pending({ attempts: 1 }), pending(), times)).toMatchObject({ attempts: 1, sends: 1, sentAt: 50 });
  });

  test('a copier that failed faster than the mark keeps its own time, and the send is counted', () => {
    const entry = markSent(pending({ attempts: 1, nextAttemptAt: 60_000 }), pending(), times);
    expect(entry).toMatchObject({ sends: 1, nextAttemptAt: 60_000 });
    expect(entry).not.toHaveProperty('sentAt');
  });

  test('a copier that settled faster than the mark stays settled', () => {
    expect(markSent(synced(), pending(), times)).toBeUndefined();
  });
});

describe('absence', () => {
  const inventory = { number: 4, firstOfEpoch: 2 };

  test('an object that a list lacks counts as unsynced from then on', () => {
    const entry = markAbsent(synced(), inventory, 70);
    expect(entry).toMatchObject({ state: 'synced', absent: 4, pendingSince: 70 });
    expect(entry && unsyncedBucket(entry)).toBe('absent');
  });

  test('the first inventory that lacked it counts; a mark of an earlier epoch is replaced', () => {
    expect(markAbsent(synced({ absent: 3 }), inventory, 70)).toBeUndefined();
    expect(markAbsent(synced({ absent: 1 }), inventory, 70)).toMatchObject({ absent: 4 });
  });

  test('what is deleted, or about to be, is not absent', () => {
    expect(markAbsent(tombstone(), inventory, 70)).toBeUndefined();
    expect(markAbsent(held(), inventory, 70)).toBeUndefined();
    expect(markAbsent(undefined, inventory, 70)).toBeUndefined();
  });

  test('an object that is listed again is as it was before', () => {
    const entry = synced();
    expect(clearAbsent(markAbsent(entry, inventory, 70))).toEqual(entry);
    expect(clearAbsent(entry)).toBeUndefined();
    expect(clearAbsent(undefined)).toBeUndefined();
  });

  test('one that waits to be copied, or is parked, keeps since when', () => {
    for (const entry of [pending({ pendingSince: 7 }), parked({ pendingSince: 7 })]) {
      expect(clearAbsent(markAbsent(entry, inventory, 70))?.pendingSince).toBe(7);
    }
  });

  test('a copy of an object that lists lack does not hide since when it is unsynced', () => {
    expect(settle(pending({ absent: 4, pendingSince: 7 }), copied())).toMatchObject({ absent: 4, pendingSince: 7 });
  });
});

describe('noteSeen', () => {
  test('what an inventory saw of a waiting object is kept without a new version: the copier reads later', () => {
    expect(noteSeen(pending(), V1, 'B')).toEqual(pending({ seen: 'B' }));
  });

  test('while a message is out the copier may have read before: that needs an observation', () => {
    expect(noteSeen(pending({ sentAt: 5 }), V1, 'B')).toBeUndefined();
    expect(noteSeen(pending({ seen: 'B' }), V1, 'B')).toBeUndefined();
  });
});

describe('drift', () => {
  const drift = {
    version: V1,
    inventory: 6,
    error: { code: DRIFT_CODES.report, text: 'The object was changed on the replica.', side: 'replica' },
    now: 80,
  } as const;

  test('a changed replica is shown, and everything known of the object stays', () => {
    const entry = reportDrift(synced(), drift);
    expect(entry).toMatchObject({ state: 'parked', driftedIn: 6, pendingSince: 80, owned: HERE, fingerprint: 'A' });
    expect(entry && isDriftReport(entry)).toBe(true);
    expect(entry?.nextAttemptAt).toBeUndefined();
  });

  test('a replica that was changed back is in sync again', () => {
    const entry = driftIsGone(reportDrift(synced(), drift), V1);
    expect(entry).toEqual(synced({ driftedIn: 6 }));
  });

  test('a changed replica that was changed back stays unsynced, since when it was, while lists lack the object', () => {
    const absent = markAbsent(reportDrift(synced(), drift), { number: 7, firstOfEpoch: 3 }, 90);
    expect(driftIsGone(absent, V1)).toMatchObject({ state: 'synced', absent: 7, pendingSince: 80 });
  });

  test('only what is synced can drift, and only in the version that was compared', () => {
    expect(reportDrift(pending(), drift)).toBeUndefined();
    expect(reportDrift(synced({ version: { epoch: 1, n: 2 } }), drift)).toBeUndefined();
    expect(reportDrift(undefined, drift)).toBeUndefined();
  });

  test('an object that is parked because its copy failed did not drift', () => {
    expect(isDriftReport(parked())).toBe(false);
    expect(driftIsGone(parked(), V1)).toBeUndefined();
  });
});

describe('withdraw', () => {
  test.each<[string, LedgerEntry]>([
    ['waits', pending({ sentAt: 5, lastError: ERROR })],
    ['is held', held({ plan: 'p' })],
    ['is parked', parked()],
    ['is absent', synced({ absent: 3, pendingSince: 5 })],
  ])('an object that left the filter while it %s is neither counted, sent nor deleted', (_, entry) => {
    const left = withdraw(entry);
    expect(left && unsyncedBucket(left)).toBeUndefined();
    expect(left && isLive(left)).toBe(true);
    expect(left).not.toHaveProperty('seen');
    expect(begin(left, entry.version)).toBeUndefined();
  });

  test('an object in sync stays as it is', () => {
    expect(withdraw(synced())).toBeUndefined();
    expect(withdraw(tombstone())).toBeUndefined();
  });
});

describe('unsyncedBucket', () => {
  test.each<[LedgerEntry['path'], 1 | 2, 5 | 6]>([
    ['/cookbooks/apt/1.0.0', 1, 6],
    ['/data/users', 1, 6],
    ['/data/users/ann', 1, 6],
    ['/roles/web', 2, 5],
    ['/environments/prod', 2, 5],
  ])('%s is written in phase %i and deleted in phase %i', (path, upsert, remove) => {
    expect(unsyncedBucket(entryOf(path))).toBe(upsert);
    expect(unsyncedBucket(entryOf(path, { action: 'delete' }))).toBe(remove);
  });

  test('what is in sync is in no bucket', () => {
    expect(unsyncedBucket(synced())).toBeUndefined();
    expect(unsyncedBucket(tombstone())).toBeUndefined();
  });
});

describe('whatever happens to an entry, in any order', () => {
  type Step = (entry: LedgerEntry | undefined) => LedgerEntry | undefined;

  const fingerprints = fc.constantFrom('A', 'B', 'C');
  const times = fc.nat({ max: 1000 });
  const versions = fc.record({ epoch: fc.integer({ min: 1, max: 3 }), n: fc.integer({ min: 1, max: 8 }) });
  const setbacks = fc.record({ version: versions, at: times, isAttemptGivenBack: fc.boolean() });
  const observations: fc.Arbitrary<Observation> = fc.record({
    path: fc.constant(PATH),
    action: fc.constantFrom('upsert', 'delete' as const),
    epoch: fc.integer({ min: 1, max: 3 }),
    now: times,
    by: fc.constantFrom('inventory', 'feed', 'hint', 'replica', 'operator' as const),
    seen: fc.option(fingerprints, { nil: undefined }),
    feedId: fc.option(fc.nat({ max: 9 }).map(String), { nil: undefined }),
  });
  const settlements = fc.record({
    version: versions,
    now: times,
    readAt: times,
    fingerprint: fc.option(fingerprints, { nil: undefined }),
    destination: fc.constantFrom(HERE, ELSEWHERE),
  });

  /** Steps with versions of their own: mostly stale ones, as racing copiers have them. */
  const anyStep: fc.Arbitrary<Step> = fc.oneof(
    observations.map(
      (seen): Step =>
        (entry) =>
          observe(entry, seen),
    ),
    versions.map(
      (version): Step =>
        (entry) =>
          begin(entry, version),
    ),
    fc.tuple(versions, fingerprints).map(
      ([version, print]): Step =>
        (entry) =>
          claim(entry, version, print),
    ),
    settlements.map(
      (done): Step =>
        (entry) =>
          settle(entry, done),
    ),
    setbacks.map(
      (setback): Step =>
        (entry) =>
          retryAt(entry, setback),
    ),
    setbacks.map(
      (setback): Step =>
        (entry) =>
          park(entry, setback),
    ),
    setbacks.map(
      (setback): Step =>
        (entry) =>
          hold(entry, setback),
    ),
    fc.tuple(versions, times).map(
      ([version, now]): Step =>
        (entry) =>
          release(entry, version, now),
    ),
    versions.map(
      (version): Step =>
        (entry) =>
          holdUnderPlan(entry, version, 'plan'),
    ),
    times.map(
      (now): Step =>
        (entry) =>
          entry && markSent(entry, entry, { now, dueAgainAt: now + 720 }),
    ),
    fc.nat({ max: 9 }).map(
      (number): Step =>
        (entry) =>
          markAbsent(entry, { number, firstOfEpoch: 3 }, number),
    ),
    fc.constant<Step>(clearAbsent),
    fc.tuple(versions, fingerprints).map(
      ([version, print]): Step =>
        (entry) =>
          noteSeen(entry, version, print),
    ),
    fc.constant<Step>(withdraw),
  );
  /** The same by whoever knows the version, so that runs get further than their first observation. */
  const currentStep: fc.Arbitrary<Step> = fc.oneof(
    fc.constant<Step>((entry) => entry && begin(entry, entry.version)),
    fc.constant<Step>((entry) => entry && release(entry, entry.version, 5)),
    settlements.map(
      (done): Step =>
        (entry) =>
          entry && settle(entry, { ...done, version: entry.version }),
    ),
    setbacks.map(
      (setback): Step =>
        (entry) =>
          entry && park(entry, { ...setback, version: entry.version }),
    ),
    times.map(
      (now): Step =>
        (entry) =>
          entry &&
          reportDrift(entry, {
            version: entry.version,
            inventory: now,
            now,
            error: { code: DRIFT_CODES.report, text: '' },
          }),
    ),
    fc.constant<Step>((entry) => entry && driftIsGone(entry, entry.version)),
  );
  const runs = fc.array(fc.oneof(anyStep, currentStep), { maxLength: 40 });

  /** Every change of a run: the entry before and after it. */
  const changesOf = (
    steps: readonly Step[],
  ): { readonly before: LedgerEntry | undefined; readonly after: LedgerEntry }[] => {
    let entry: LedgerEntry | undefined;
    return steps.flatMap((step) => {
      const before = entry;
      entry = step(before) ?? before;
      return entry === undefined || entry === before ? [] : [{ before, after: entry }];
    });
  };

  const holdsForEveryChange = (check: (after: LedgerEntry, before: LedgerEntry | undefined) => void): void => {
    fc.assert(
      fc.property(runs, (steps) => {
        for (const { before, after } of changesOf(steps)) check(after, before);
      }),
      { numRuns: 500 },
    );
  };

  test('versions only grow, and every one of them is new', () => {
    holdsForEveryChange((after, before) => {
      if (before === undefined || after.version === before.version) return;
      expect(after.version.n).toBe(before.version.n + 1);
      expect(after.version.epoch).toBeGreaterThanOrEqual(before.version.epoch);
    });
  });

  test('what is unsynced says since when', () => {
    holdsForEveryChange((after) => {
      if (unsyncedBucket(after) !== undefined) expect(after.pendingSince).toBeTypeOf('number');
      else expect(after.pendingSince).toBeUndefined();
    });
  });

  test('attempts and sends are never negative, and begin anew with each version', () => {
    holdsForEveryChange((after, before) => {
      expect(after.attempts).toBeGreaterThanOrEqual(0);
      expect(after.sends).toBeGreaterThanOrEqual(0);
      if (after.version !== before?.version) expect(after).toMatchObject({ attempts: 0, sends: 0 });
    });
  });

  test('a delete is pending only when the guard released it, and synced only after that', () => {
    holdsForEveryChange((after, before) => {
      if (after.action !== 'delete' || before?.action === 'delete') return;
      // The one exception is a copier that found nothing to do for an upsert, which no copier does.
      expect(after.state === 'held' || before?.state === 'pending').toBe(true);
    });
  });

  test('a message is out only for what is to be copied, or was when a held delete superseded it', () => {
    holdsForEveryChange((after) => {
      if (after.sentAt === undefined || after.state === 'pending') return;
      expect(after).toMatchObject({ state: 'held', action: 'delete' });
    });
  });

  test('nothing is owned that was not settled as an upsert', () => {
    fc.assert(
      fc.property(
        runs.filter((steps) => steps.length > 0),
        (steps) => {
          const withoutSettling = steps.map(
            (step): Step =>
              (entry) => {
                const after = step(entry);
                return after?.owned !== undefined && entry?.owned === undefined ? undefined : after;
              },
          );
          for (const { after } of changesOf(withoutSettling)) expect(after.owned).toBeUndefined();
        },
      ),
    );
  });

  test('a stale version can neither settle, begin, retry, park nor release', () => {
    fc.assert(
      fc.property(runs, settlements, fc.integer({ min: 1, max: 8 }), (steps, done, back) => {
        const entry = changesOf(steps).at(-1)?.after;
        if (entry === undefined) return;
        const version = { ...entry.version, n: entry.version.n - back };
        const late = settle(entry, { ...done, version }) ?? entry;
        expect(late.settledAt).toBe(entry.settledAt);
        if (entry.state !== 'synced') expect(late.state).toBe(entry.state);
        expect(begin(entry, version)).toBeUndefined();
        expect(retryAt(entry, { version, at: 1 })).toBeUndefined();
        expect(park(entry, { version })).toBeUndefined();
        expect(release(entry, version, 1)).toBeUndefined();
      }),
    );
  });
});
