import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FeedProgress } from '../../../lib/model/pair-state.ts';
import type { RawEvent } from '../../../lib/plan/coalesce-events.ts';
import { FEED_OVERLAP_MS, isFeedReset, marksAfter, readFrom } from '../../../lib/plan/feed-cursor.ts';

const MINUTE_MS = 60_000;

const at = (id: string, marks: FeedProgress['marks'] = []): FeedProgress => ({
  status: 'in use',
  cursor: { id, path: '/roles/web', action: 'update' },
  marks,
});

/** The progress of a feed after completed polls, each with the cursor that it reached. */
function progressAfter(polls: readonly (readonly [minute: number, id: string])[]): FeedProgress {
  let feed: FeedProgress = { status: 'unknown', marks: [] };
  for (const [minute, id] of polls) feed = at(id, marksAfter(at(id, feed.marks), minute * MINUTE_MS));
  return feed;
}

describe('readFrom', () => {
  test('a pair without a cursor reads from the beginning', () => {
    expect(readFrom({ status: 'unknown', marks: [] })).toBe('0');
  });

  test("the cursor's own event is always asked for: it proves that the feed is still the same", () => {
    expect(readFrom(at('100'))).toBe('99');
    expect(readFrom(at('100', [{ at: 1, id: '100' }]))).toBe('99');
    expect(readFrom(at('0'))).toBe('0');
  });

  test('a change that was committed late is read, though later ids were seen minutes ago', () => {
    const feed = progressAfter([
      [0, '100'],
      [1, '110'],
      [2, '120'],
      [3, '130'],
    ]);
    expect(readFrom(feed)).toBe('100');
  });

  test('ids of any size are subtracted exactly', () => {
    expect(readFrom(at('90071992547409931234'))).toBe('90071992547409931233');
  });
});

describe('marksAfter', () => {
  test('the base moves on once it lies five minutes before the last completed poll', () => {
    const polls = [0, 1, 2, 3, 4, 5, 6, 7].map((minute) => [minute, `${100 + 10 * minute}`] as const);
    expect(progressAfter(polls.slice(0, 5)).marks[0]?.id).toBe('100');
    expect(progressAfter(polls).marks[0]).toEqual({ at: 2 * MINUTE_MS, id: '120' });
  });

  test('after a night without polls the overlap still reaches before the last completed one', () => {
    const feed = progressAfter([
      [0, '100'],
      [1, '110'],
      [600, '120'],
    ]);
    expect(readFrom(feed)).toBe('110');
    expect(feed.marks).toHaveLength(2);
  });

  test('a pair without a cursor has no marks', () => {
    expect(marksAfter({ status: 'absent', marks: [{ at: 1, id: '5' }] }, MINUTE_MS)).toEqual([]);
  });

  test('the oldest mark alone is as old as the overlap, so the state stays small', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 20 * MINUTE_MS }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(gaps, (milliseconds) => {
        let feed: FeedProgress = { status: 'in use', marks: [] };
        let now = 0;
        for (const [index, gap] of milliseconds.entries()) {
          now += gap;
          feed = { ...at(`${index}`), marks: marksAfter({ ...feed, cursor: { id: `${index}` } }, now) };
          const isOld = (mark: { readonly at: number }): boolean => mark.at <= now - FEED_OVERLAP_MS;
          expect(feed.marks.slice(1).some(isOld)).toBe(false);
          // The base only jumps over marks when a younger one is old enough.
          if (index > 0 && !feed.marks.slice(0, 1).some(isOld)) expect(feed.marks[0]?.id).toBe('0');
        }
      }),
    );
  });
});

describe('isFeedReset', () => {
  const cursor = { id: '100', path: '/roles/web', action: 'update' } as const;
  const own: RawEvent = { ...cursor };

  test.each<[string, readonly RawEvent[], boolean]>([
    ['its own event is there', [own, { id: '101', path: '/roles/db', action: 'create' }], false],
    ['the server keeps one event per path, and there is a newer one', [{ ...own, id: '140', action: 'delete' }], false],
    ['the answer is empty', [], true],
    ['the id now belongs to another object', [{ ...own, path: '/roles/db' }], true],
    ['the id now stands for another action', [{ ...own, action: 'delete' }], true],
    ['only an older event of the path is there', [{ ...own, id: '99' }], true],
    ['only newer events of other paths are there', [{ id: '140', path: '/roles/db', action: 'update' }], true],
  ])('%s', (_, events, isReset) => {
    expect(isFeedReset(cursor, events)).toBe(isReset);
  });

  test('a cursor from a feed that was empty proves nothing', () => {
    expect(isFeedReset({ id: '0' }, [])).toBe(false);
  });

  test('ids are compared by value', () => {
    const big = { ...cursor, id: '9007199254740993' };
    expect(isFeedReset(big, [{ ...own, id: '9007199254740992' }])).toBe(true);
    expect(isFeedReset(big, [{ ...own, id: '10000000000000000' }])).toBe(false);
  });
});
