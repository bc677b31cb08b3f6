import { describe, expect, test } from 'vitest';
import type { LedgerEntry } from '../../../lib/model/ledger-entry.ts';
import type { Seen } from '../../../lib/model/seen.ts';
import {
  isConfirmedAbsent,
  isDeletedSince,
  isMissed,
  isNewsTo,
  isOutdatedRow,
  type Listed,
  mustBeRead,
} from '../../../lib/plan/primary-evidence.ts';
import { entryOf } from '../model/entry-of.ts';

const synced = (some: Partial<LedgerEntry> = {}): LedgerEntry =>
  entryOf('/roles/web', { state: 'synced', pendingSince: undefined, settledAt: 10, seen: 'A', ...some });
const deleted = (some: Partial<LedgerEntry> = {}): LedgerEntry =>
  synced({ action: 'delete', seen: undefined, ...some });
const body = (fingerprint: string): Seen => ({ fingerprint, isFrozen: false, isFromSearch: false });
const row = (fingerprint: string): Seen => ({ ...body(fingerprint), isFromSearch: true });

describe('isOutdatedRow', () => {
  test('a search row says nothing of an object that was told of and not read since', () => {
    expect(isOutdatedRow(entryOf('/roles/web'), row('A'))).toBe(true);
    expect(isOutdatedRow(deleted(), row('A'))).toBe(true);
    expect(isOutdatedRow(entryOf('/roles/web', { seen: 'B' }), row('A'))).toBe(false);
    expect(isOutdatedRow(synced(), row('B'))).toBe(false);
  });

  test('a body that was read by itself is never outdated, nor is the row of an object that is new', () => {
    expect(isOutdatedRow(entryOf('/roles/web'), body('A'))).toBe(false);
    expect(isOutdatedRow(undefined, row('A'))).toBe(false);
  });
});

describe('mustBeRead', () => {
  const isRead = (some: Partial<Listed>, pass: Partial<Parameters<typeof mustBeRead>[1]> = {}): boolean =>
    mustBeRead(
      { kind: 'role', entry: undefined, seen: undefined, isTrusted: false, ...some },
      { scope: 'contents', takesBaseline: false, ...pass },
    );

  test('a new definition is read in any pass, new content by its copier, except for a baseline', () => {
    expect(isRead({}, { scope: 'names' })).toBe(true);
    expect(isRead({ kind: 'cookbook_version' })).toBe(false);
    expect(isRead({ kind: 'cookbook_version' }, { takesBaseline: true })).toBe(true);
    expect(isRead({ seen: row('A') })).toBe(false);
  });

  test('a definition that was deleted and is listed again is read', () => {
    expect(isRead({ entry: deleted() })).toBe(true);
    expect(isRead({ entry: deleted(), kind: 'cookbook_version' }, { takesBaseline: true })).toBe(false);
  });

  test('a search row that differs is looked at, one that is equal believed', () => {
    expect(isRead({ entry: synced(), seen: row('B') })).toBe(true);
    expect(isRead({ entry: synced(), seen: row('A') })).toBe(false);
    expect(isRead({ entry: synced(), seen: body('B') })).toBe(false);
  });

  test('what search lacks is read, but not in a pass over names', () => {
    expect(isRead({ entry: synced() })).toBe(true);
    expect(isRead({ entry: synced() }, { scope: 'names' })).toBe(false);
  });

  test('what waits to be copied is read by its copier, unless the message is out', () => {
    expect(isRead({ entry: entryOf('/roles/web') })).toBe(false);
    expect(isRead({ entry: entryOf('/roles/web', { sentAt: 5 }) })).toBe(true);
    expect(isRead({ entry: entryOf('/roles/web', { seen: 'A' }), seen: row('B') })).toBe(true);
  });

  test('a frozen version is trusted only when the ledger too knows it as frozen', () => {
    const version = { kind: 'cookbook_version', isTrusted: true } as const;
    expect(isRead({ ...version, entry: synced({ isFrozen: true }) })).toBe(false);
    expect(isRead({ ...version, entry: synced() })).toBe(true);
  });
});

describe('isNewsTo', () => {
  const pass = { trustFrom: 1 };

  test('another body is news, the same one and an unread one are not', () => {
    expect(isNewsTo(synced(), body('B'), pass)).toBe(true);
    expect(isNewsTo(synced(), body('A'), pass)).toBe(false);
    expect(isNewsTo(synced(), undefined, pass)).toBe(false);
  });

  test('an object that is awaited as deleted is news as soon as it is listed', () => {
    expect(isNewsTo(deleted(), undefined, pass)).toBe(true);
    expect(isNewsTo(entryOf('/roles/web', { action: 'delete', state: 'held' }), undefined, pass)).toBe(true);
  });

  test('what settled on a replica that is gone is news, what waits anyway is not', () => {
    expect(isNewsTo(synced(), body('A'), { trustFrom: 2 })).toBe(true);
    expect(isNewsTo(entryOf('/roles/web', { seen: 'A' }), body('A'), { trustFrom: 2 })).toBe(false);
  });
});

test('a list that was read before a delete was done says nothing of the object', () => {
  expect(isDeletedSince(deleted(), 10)).toBe(true);
  expect(isDeletedSince(deleted(), 11)).toBe(false);
  expect(isDeletedSince(synced(), 10)).toBe(false);
});

test('an object that was observed after the list was read is not missed by it, unless it was missed before', () => {
  expect(isMissed(synced(), 11, 20)).toBe(true);
  expect(isMissed(synced(), 10, 20)).toBe(false);
  expect(isMissed(entryOf('/roles/web', { pendingSince: 10 }), 10, 20)).toBe(false);
  expect(isMissed(synced({ absent: 2 }), 10, 20)).toBe(true);
});

test('an object that was copied while the clock was ahead is missed as soon as that is set right', () => {
  const minute = 60_000;
  expect(isMissed(synced({ settledAt: 10 * minute }), 10, 20)).toBe(true);
  // Another machine's clock may be a little ahead.
  expect(isMissed(synced({ settledAt: minute }), 10, 20)).toBe(false);
});

describe('isConfirmedAbsent', () => {
  const pass = { number: 4, firstOfEpoch: 2, firstOfPoll: 4 };

  test('an absence is confirmed by a later pass of the same epoch, in a later poll', () => {
    expect(isConfirmedAbsent(synced({ absent: 3 }), pass)).toBe(true);
    expect(isConfirmedAbsent(synced(), pass)).toBe(false);
    expect(isConfirmedAbsent(synced({ absent: 4 }), pass)).toBe(false);
    expect(isConfirmedAbsent(synced({ absent: 1 }), pass)).toBe(false);
    expect(isConfirmedAbsent(synced({ absent: 3 }), { ...pass, firstOfPoll: 3 })).toBe(false);
  });

  test('a delete that is held already is not held anew', () => {
    expect(isConfirmedAbsent(entryOf('/roles/web', { action: 'delete', state: 'held', absent: 3 }), pass)).toBe(false);
  });
});
