import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readUpdatedSince } from '../../../lib/chef/updated-since.ts';
import type { FeedProgress } from '../../../lib/model/pair-state.ts';
import { coalesceEvents } from '../../../lib/plan/coalesce-events.ts';
import { isFeedReset, marksAfter, readFrom } from '../../../lib/plan/feed-cursor.ts';
import { cannedOrg } from '../canned-org.ts';
import { checkSentence, resultOf } from '../expected-error.ts';
import { fuzzTarget } from '../fuzz-target.ts';
import { jsonTree, numberText, textOf } from '../json-text.ts';
import { mutatedText } from '../mutated-text.ts';
import { isObject, type ReferenceJson, readReference } from '../reference-json.ts';

const WORDS = ['id', 'path', 'action', 'create', 'update', 'delete', '/roles/web', '/data/a/b'];

const event = fc
  .record({
    id: fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 25n }).map(String), fc.nat(9).map(String), numberText),
    isQuoted: fc.boolean(),
    path: fc.constantFrom(
      '/roles/web',
      '/data/a/b',
      '/cookbooks/app/1.0.0',
      'http://h/organizations/o/roles/x',
      '/nodes/n',
      '/',
      '..',
    ),
    action: fc.constantFrom('create', 'update', 'delete', 'associate'),
  })
  .map(({ id, isQuoted, path, action }) => `{"id":${isQuoted ? `"${id}"` : id},"path":"${path}","action":"${action}"}`);

const feed = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: event },
    jsonTree(WORDS).map((tree) => textOf(tree, 0)),
  ),
  {
    maxLength: 8,
  },
);

/** The events of an answer are those that the reference finds in it, and the pure parts of the feed take whatever they are. */
export const feedDocuments = fuzzTarget(
  'feed documents',
  fc.tuple(
    fc.constantFrom(200, 404),
    fc.oneof(
      feed.map((entries) => `[${entries.join(',')}]`),
      mutatedText(
        feed.map((entries) => `[${entries.join(' , ')}]`),
        WORDS,
      ),
      jsonTree(WORDS).map((tree) => textOf(tree, 0)),
    ),
  ),
  async ([status, text]) => {
    const answer = await resultOf(() => readUpdatedSince(cannedOrg({ status, text }), '0'));
    if (answer === undefined) return;
    const list = readReference(text)?.value;
    assert.equal(answer.kind, status === 200 && Array.isArray(list) ? 'events' : 'absent');
    if (answer.kind === 'absent') checkSentence(answer.text);
    if (answer.kind !== 'events' || !Array.isArray(list)) return;
    const wanted = list.map(eventOf).filter((one) => one !== undefined);
    assert.deepEqual(
      answer.events.map(({ id, path, action }) => [BigInt(id), path, action]),
      wanted,
    );
    assert.equal(answer.skipped, list.length - wanted.length);
    checkCursor(answer.events);
  },
);

type Events = Parameters<typeof coalesceEvents>[0];

/** The end is the largest id, every object stands once with its last event, and a cursor at the end finds itself in the same events. */
function checkCursor(events: Events): void {
  const { changes, end } = coalesceEvents(events);
  const ids = events.map(({ id }) => BigInt(id)).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  assert.equal(end === undefined ? undefined : BigInt(end.id), ids.at(-1));
  assert.equal(new Set(changes.map(({ ref }) => ref.path)).size, changes.length);
  if (end === undefined) return;
  assert.equal(isFeedReset(end, events), false);
  const progress: FeedProgress = { status: 'in use', cursor: end, marks: [] };
  const next = { ...progress, marks: marksAfter(progress, 1) };
  assert.ok(
    BigInt(readFrom(next)) < BigInt(end.id) || BigInt(end.id) === 0n,
    'the next read includes the cursor itself',
  );
}

/** An event by the words of the old product: an integer id, in quotes or not, a path and one of three actions. */
function eventOf(value: ReferenceJson): readonly [bigint, string, string] | undefined {
  if (!isObject(value)) return undefined;
  const [id, path, action] = [value.get('id'), value.get('path'), value.get('action')];
  if (typeof path !== 'string' || path === '') return undefined;
  if (action !== 'create' && action !== 'update' && action !== 'delete') return undefined;
  if (typeof id === 'string') return /^[0-9]+$/.test(id) ? [BigInt(id), path, action] : undefined;
  if (typeof id !== 'object' || id === null || !('power' in id)) return undefined;
  // `1.0`, `1e2` and `-0` are integers too, but no server writes an id so.
  return /^[0-9]+$/.test(id.text) ? [id.digits, path, action] : undefined;
}
