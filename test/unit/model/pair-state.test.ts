import { describe, expect, test } from 'vitest';
import { type ListRow, newPairState, nextEpoch, type PairState, voidDigests } from '../../../lib/model/pair-state.ts';

const fresh = newPairState(1_000, 'filter', 'copy');

const used: PairState = {
  ...fresh,
  guids: { primary: 'a', replica: 'b' },
  bootstrappedAt: 2_000,
  feed: {
    status: 'in use',
    cursor: { id: '7', path: '/roles/web', action: 'update' },
    marks: [{ at: 1, id: '5' }],
    resetAt: 900,
  },
  inventory: {
    primary: {
      number: 8,
      firstOfEpoch: 1,
      pass: { scope: 'contents', isFull: true, startedAt: 1, busyMs: 2, nextList: '/roles', unread: [] },
      unread: [{ list: '/data/a', reason: '403' }],
      names: { number: 7, endedAt: 3, tookMs: 1, completeAt: 2 },
      contents: { number: 6, endedAt: 3, tookMs: 1, completeAt: 2 },
      fullAt: 2,
    },
    replica: { number: 4, firstOfEpoch: 1, unread: [] },
  },
  leaseToken: 12,
  leaseUntil: 5_000,
};

describe('newPairState', () => {
  test('a pair that was never polled knows no organization, holds no lease and has epoch 1', () => {
    expect(fresh).toMatchObject({ epoch: 1, trustFrom: 1, guids: {}, isStopped: false, leaseToken: 0, start: 'copy' });
    expect(fresh).not.toHaveProperty('leaseUntil');
    expect(fresh).not.toHaveProperty('bootstrappedAt');
  });
});

describe('nextEpoch', () => {
  const next = nextEpoch(used, 3_000);

  test('forgets the place in the feed and both inventories, so that everything is read again', () => {
    expect(next).toMatchObject({ epoch: 2, epochStartedAt: 3_000, feed: { status: 'unknown', marks: [] } });
    expect(next.feed.cursor).toBeUndefined();
    expect(next.inventory.primary).toEqual({ number: 8, firstOfEpoch: 9, unread: [] });
    expect(next.inventory.replica).toEqual({ number: 4, firstOfEpoch: 5, unread: [] });
    expect(next).not.toHaveProperty('bootstrappedAt');
  });

  test('numbers of inventories go on, so that an absence of the old epoch can never confirm one of the new', () => {
    expect(next.inventory.primary.firstOfEpoch).toBeGreaterThan(used.inventory.primary.number);
  });

  test('keeps who the organizations are, the lease, and when the feed was last reset', () => {
    expect(next).toMatchObject({ guids: used.guids, leaseToken: 12, leaseUntil: 5_000, trustFrom: 1 });
    expect(next.feed.resetAt).toBe(900);
  });

  test('takes the changes that came with it', () => {
    expect(nextEpoch(used, 3_000, { trustFrom: 2, filterHash: 'other' })).toMatchObject({
      epoch: 2,
      trustFrom: 2,
      filterHash: 'other',
    });
  });
});

describe('voidDigests', () => {
  const row: ListRow = {
    side: 'primary',
    list: '/roles',
    epoch: 1,
    generation: 3,
    count: 5,
    names: { digest: 'n' },
    contents: { digest: 'c' },
    frozen: ['a/1.0.0'],
  };

  test('nothing of the list counts as unchanged, and a pass under way cannot store what it read before', () => {
    const after = voidDigests(row, 'primary', '/roles', 1);
    expect(after).not.toHaveProperty('names');
    expect(after).not.toHaveProperty('contents');
    expect(after.generation).toBe(4);
  });

  test("the guard's count of members stays", () => {
    expect(voidDigests(row, 'primary', '/roles', 1)).toMatchObject({ count: 5, frozen: ['a/1.0.0'] });
  });

  test('a list that was never read gets a row, or its first pass would not notice', () => {
    expect(voidDigests(undefined, 'primary', '/roles', 2)).toEqual({
      side: 'primary',
      list: '/roles',
      epoch: 2,
      generation: 1,
    });
  });
});
