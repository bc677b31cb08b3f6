import { createSecretKey } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Seen } from '../../../lib/model/seen.ts';
import { contentsDigest, wholeDigest } from '../../../lib/plan/list-digests.ts';

const KEY = createSecretKey(Buffer.from('a key of 32 letters for a test..'));
const version = (fingerprint: string, isFrozen: boolean): Seen => ({ fingerprint, isFrozen, isFromSearch: false });

test('frozen versions are in a digest of contents by name, read or trusted', () => {
  const read = new Map([
    ['apt/1.0.0', version('A', true)],
    ['web/1.0.0', version('W', false)],
  ]);
  const forced = new Map([...read, ['apt/1.0.0', version('B', true)]]);
  const withoutFrozen = new Map([['web/1.0.0', version('W', false)]]);

  expect(contentsDigest(KEY, forced)).toBe(contentsDigest(KEY, read));
  expect(contentsDigest(KEY, withoutFrozen, ['apt/1.0.0'])).toBe(contentsDigest(KEY, read));
  expect(contentsDigest(KEY, withoutFrozen)).not.toBe(contentsDigest(KEY, read));
  expect(wholeDigest(KEY, forced)).not.toBe(wholeDigest(KEY, read));
});

test('a version that is no longer frozen changes the digest of contents', () => {
  const frozen = new Map([['apt/1.0.0', version('A', true)]]);
  const thawed = new Map([['apt/1.0.0', version('A', false)]]);

  expect(contentsDigest(KEY, thawed)).not.toBe(contentsDigest(KEY, frozen));
});
