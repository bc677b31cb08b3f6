import { describe, expect, test } from 'vitest';
import { type LedgerEntry, markSent } from '../../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../../lib/model/object-path.ts';
import { outgoingMessage } from '../../../lib/plan/message-ids.ts';
import { entryOf } from '../model/entry-of.ts';

const message = (path: ObjectPath, some: Partial<LedgerEntry> = {}, pair = 'eu/acme') =>
  outgoingMessage(pair, entryOf(path, some));
const group = (path: ObjectPath, some: Partial<LedgerEntry> = {}) => message(path, some).groupId;

describe('outgoingMessage', () => {
  test('names the version of the object and its phase, and no content', () => {
    const { groupId, deduplicationId, ...rest } = message('/roles/web', {
      version: { epoch: 2, n: 7 },
      seen: 'secret',
    });
    expect(rest).toEqual({ pair: 'eu/acme', path: '/roles/web', version: { epoch: 2, n: 7 }, phase: 2 });
    expect(groupId).not.toBe(deduplicationId);
  });

  test('E3.11 the longest names still give ids that a queue takes: 128 letters and digits', () => {
    const long = 'x'.repeat(255);
    const { groupId, deduplicationId } = message(`/data/${long}/${long}`, {}, `${long}/${long}`);
    for (const id of [groupId, deduplicationId]) expect(id).toMatch(/^[A-Za-z0-9]{1,128}$/);
  });

  test('a send that a crash repeats has the id of the first, so the queue delivers it once', () => {
    expect(message('/roles/web').deduplicationId).toBe(
      message('/roles/web', { attempts: 1, pendingSince: 9 }).deduplicationId,
    );
  });

  test('the next send of the same version is a new message', () => {
    const entry = entryOf('/roles/web');
    const sent = markSent(entry, entry, { now: 1, dueAgainAt: 2 });
    expect(sent && outgoingMessage('eu/acme', sent).deduplicationId).not.toBe(message('/roles/web').deduplicationId);
  });

  test('another version, epoch, object or pair is another message', () => {
    const ids = [
      message('/roles/web'),
      message('/roles/web', { version: { epoch: 1, n: 2 } }),
      message('/roles/web', { version: { epoch: 2, n: 1 } }),
      message('/roles/db'),
      message('/roles/web', {}, 'us/acme'),
    ].map(({ deduplicationId }) => deduplicationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('versions of one cookbook are written one after the other, other cookbooks meanwhile', () => {
    expect(group('/cookbooks/apt/1.0.0')).toBe(group('/cookbooks/apt/2.0.0'));
    expect(group('/cookbooks/apt/1.0.0')).not.toBe(group('/cookbooks/yum/1.0.0'));
  });

  test('items of one bag, and the bag, are written at the same time', () => {
    const groups = [group('/data/users'), group('/data/users/ann'), group('/data/users/bob')];
    expect(new Set(groups).size).toBe(3);
  });

  test('a role and an environment of one name have nothing to do with each other', () => {
    expect(group('/roles/web')).not.toBe(group('/environments/web'));
  });

  test('deletes of a pair go one after the other, those of other pairs meanwhile', () => {
    const deleted = { action: 'delete' } as const;
    expect(group('/roles/web', deleted)).toBe(group('/cookbooks/apt/1.0.0', deleted));
    expect(group('/roles/web', deleted)).not.toBe(message('/roles/web', deleted, 'us/acme').groupId);
    expect(group('/roles/web', deleted)).not.toBe(group('/roles/web'));
  });
});
