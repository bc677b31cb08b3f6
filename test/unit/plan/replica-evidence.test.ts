import { describe, expect, test } from 'vitest';
import { DRIFT_CODES, type LedgerEntry } from '../../../lib/model/ledger-entry.ts';
import type { Seen } from '../../../lib/model/seen.ts';
import {
  hasDriftedAgain,
  isAssumedThere,
  isWaitingUnsent,
  judgeReplica,
  mustBeReadThere,
  type ReplicaReading,
} from '../../../lib/plan/replica-evidence.ts';
import { entryOf } from '../model/entry-of.ts';

const MINUTE_MS = 60_000;
const NOW = 60 * MINUTE_MS;

/** Copied and ours. */
const synced = (some: Partial<LedgerEntry> = {}): LedgerEntry =>
  entryOf('/roles/web', {
    state: 'synced',
    pendingSince: undefined,
    settledAt: 10,
    seen: 'A',
    fingerprint: 'A',
    owned: 'replica',
    ...some,
  });
const deleted = (some: Partial<LedgerEntry> = {}): LedgerEntry =>
  synced({ action: 'delete', seen: undefined, fingerprint: undefined, owned: undefined, claims: ['A'], ...some });
const reported = (some: Partial<LedgerEntry> = {}): LedgerEntry =>
  synced({ state: 'parked', lastError: { code: DRIFT_CODES.report, text: 'changed' }, ...some });
const body = (fingerprint: string): Seen => ({ fingerprint, isFrozen: false, isFromSearch: false });

const judge = (entry: LedgerEntry, some: Partial<ReplicaReading> = {}) =>
  judgeReplica(entry, { isListed: true, seen: body('A'), readAt: NOW, now: NOW, destination: 'replica', ...some });

describe('judgeReplica', () => {
  test('an object is as we left it when it is listed and shows nothing else', () => {
    expect(judge(synced())).toBe('equal');
    expect(judge(synced(), { seen: undefined })).toBe('equal');
  });

  test('another body, or none, is drift', () => {
    expect(judge(synced(), { seen: body('B') })).toBe('drifted');
    expect(judge(synced(), { isListed: false, seen: undefined })).toBe('drifted');
  });

  test('an object that the primary lacks is not repaired: the repair would forget its absence', () => {
    expect(judge(synced({ absent: 3 }), { seen: body('B') })).toBe('unsettled');
  });

  test('nothing is proved of an object that is not ours, or was settled after the list was read', () => {
    expect(judge(synced({ owned: 'another' }), { seen: body('B') })).toBe('unsettled');
    expect(judge(synced({ settledAt: NOW }), { seen: body('B') })).toBe('unsettled');
  });

  test('a baseline of which nothing was copied is not looked at', () => {
    const baseline = synced({ fingerprint: undefined, owned: undefined });
    expect(judge(baseline, { seen: body('B') })).toBe('equal');
  });

  test('what waits to be copied and is there already needs no copy, unless one is under way or was refused halfway', () => {
    const waiting = entryOf('/cookbooks/apt/1.0.0', { seen: 'A' });
    expect(judge(waiting)).toBe('as on the primary');
    expect(judge(waiting, { seen: body('B') })).toBe('unsettled');
    expect(judge({ ...waiting, sentAt: 5 })).toBe('unsettled');
    expect(judge({ ...waiting, claims: ['B'] })).toBe('unsettled');
    expect(isWaitingUnsent({ ...waiting, path: '/roles/web', claims: ['B'] })).toBe(true);
  });

  test('a drift that was reported is over only when the body shows it', () => {
    expect(judge(reported())).toBe('changed back');
    expect(judge(reported(), { seen: undefined })).toBe('unsettled');
    expect(judge(reported(), { seen: body('B') })).toBe('unsettled');
    expect(judge(reported(), { isListed: false, seen: undefined })).toBe('unsettled');
  });

  test('what we deleted came back only if it looks like ours, within a quarter of an hour', () => {
    const fresh = deleted({ settledAt: NOW - 14 * MINUTE_MS });
    expect(judge(fresh)).toBe('came back');
    expect(judge(fresh, { seen: body('B') })).toBe('unsettled');
    expect(judge(fresh, { seen: undefined })).toBe('unsettled');
    expect(judge(fresh, { isListed: false, seen: undefined })).toBe('equal');
    expect(judge(deleted({ settledAt: NOW - 15 * MINUTE_MS }))).toBe('equal');
  });
});

describe('mustBeReadThere', () => {
  const isRead = (entry: LedgerEntry, some: Partial<Parameters<typeof mustBeReadThere>[1]> = {}): boolean =>
    mustBeReadThere(entry, { seen: undefined, isTrusted: false, now: NOW, ...some });

  test('what search lacks or shows as different is read by itself', () => {
    expect(isRead(synced())).toBe(true);
    expect(isRead(synced(), { seen: { ...body('B'), isFromSearch: true } })).toBe(true);
    expect(isRead(synced(), { seen: { ...body('A'), isFromSearch: true } })).toBe(false);
    expect(isRead(synced(), { seen: body('B') })).toBe(false);
  });

  test('nothing is read of which nothing is expected', () => {
    expect(isRead(entryOf('/roles/web'))).toBe(false);
    expect(isRead(deleted({ settledAt: 0 }))).toBe(false);
    expect(isRead(deleted({ settledAt: NOW }))).toBe(true);
  });

  test('a frozen version is trusted only when the ledger too knows it as frozen', () => {
    expect(isRead(synced({ isFrozen: true }), { isTrusted: true })).toBe(false);
    expect(isRead(synced(), { isTrusted: true })).toBe(true);
  });
});

test('a drift is another writer’s when the pass before repaired one too', () => {
  expect(hasDriftedAgain(synced({ driftedIn: 3 }), 3)).toBe(true);
  expect(hasDriftedAgain(synced({ driftedIn: 2 }), 3)).toBe(false);
  expect(hasDriftedAgain(synced(), 3)).toBe(false);
  expect(hasDriftedAgain(synced({ driftedIn: 3 }), undefined)).toBe(false);
});

describe('a definition that names an object', () => {
  const state = { guids: { replica: 'r' }, trustFrom: 2 };
  const version = { epoch: 2, n: 1 };
  const copied = { state: 'synced', owned: 'r', version } as const;

  test.each<[string, Partial<LedgerEntry>]>([
    ['is on the replica', copied],
    ['is part of a baseline', { state: 'synced', version }],
    ['is parked', { state: 'parked', version }],
    ['fails', { state: 'pending', version, attempts: 3 }],
  ])('does not wait for one that %s', (_how, some) => {
    expect(isAssumedThere(entryOf('/cookbooks/apt/1.0.0', some), state)).toBe(true);
  });

  test.each<[string, Partial<LedgerEntry>]>([
    ['is to be copied', { ...copied, state: 'pending' }],
    ['failed twice', { state: 'pending', version, attempts: 2 }],
    ['was deleted', { ...copied, action: 'delete' }],
    ['was copied to the organization that was here before', { ...copied, owned: 'another' }],
    ['was copied before the replica was restored', { ...copied, version: { epoch: 1, n: 1 } }],
  ])('waits for one that %s', (_how, some) => {
    expect(isAssumedThere(entryOf('/cookbooks/apt/1.0.0', some), state)).toBe(false);
  });
});
