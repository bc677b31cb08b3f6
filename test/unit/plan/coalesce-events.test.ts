import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coalesceEvents, type RawEvent } from '../../../lib/plan/coalesce-events.ts';

const event = (id: number | string, path: string, action: RawEvent['action'] = 'update'): RawEvent => ({
  id: `${id}`,
  path,
  action,
});

const shown = (events: readonly RawEvent[]): string[] =>
  coalesceEvents(events).changes.map(({ ref, action, feedId }) => `${feedId} ${action} ${ref.path}`);

describe('coalesceEvents', () => {
  test('the last event of an object wins', () => {
    expect(shown([event(1, '/roles/web', 'create'), event(2, '/roles/web'), event(3, '/roles/web', 'delete')])).toEqual(
      ['3 delete /roles/web'],
    );
    expect(shown([event(4, '/roles/web', 'delete'), event(5, '/roles/web', 'create')])).toEqual([
      '5 upsert /roles/web',
    ]);
  });

  test('last means the largest id, in whatever order the answer has them', () => {
    const events = fc.uniqueArray(
      fc.record({
        id: fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
        path: fc.constantFrom('/roles/a', '/roles/b', '/data/x', '/data/x/y', '/nodes/n'),
        action: fc.constantFrom('create', 'update', 'delete' as const),
      }),
      { selector: ({ id }) => id },
    );
    const shuffled = events.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(coalesceEvents(other)).toEqual(coalesceEvents(one));
        const changes = coalesceEvents(one).changes;
        for (const { ref, feedId } of changes) {
          const ids = one.filter(({ path }) => path === ref.path).map(({ id }) => BigInt(id));
          expect(ids.every((id) => id <= BigInt(feedId))).toBe(true);
        }
        expect(changes.map(({ feedId }) => BigInt(feedId))).toEqual(
          changes.map(({ feedId }) => BigInt(feedId)).toSorted((a, b) => (a < b ? -1 : 1)),
        );
      }),
    );
  });

  test('ids beyond 2^53 are told apart', () => {
    const [earlier, later] = ['9007199254740992', '9007199254740993'];
    expect(shown([event(later, '/roles/web', 'delete'), event(earlier, '/roles/web')])).toEqual([
      `${later} delete /roles/web`,
    ]);
  });

  test('spellings of one path are one object', () => {
    const url = 'https://chef.example.com/organizations/acme/roles/web';
    expect(shown([event(1, '/roles/web'), event(2, '/organizations/acme/roles/web'), event(3, url)])).toEqual([
      '3 upsert /roles/web',
    ]);
  });

  test('paths of no known kind are reported once and change nothing, but the end of the feed may be one of them', () => {
    expect(coalesceEvents([event(1, '/nodes/n'), event(3, '/nodes/n'), event(2, '/roles/..')])).toEqual({
      changes: [],
      unknownPaths: ['/nodes/n', '/roles/..'],
      end: { id: '3', path: '/nodes/n', action: 'update' },
    });
  });

  test('an empty feed has no end', () => {
    expect(coalesceEvents([])).toEqual({ changes: [], unknownPaths: [], end: undefined });
  });
});
