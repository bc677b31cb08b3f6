import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprint, listDigest, pairKey } from '../../../lib/plan/fingerprint.ts';

const key = pairKey(Buffer.from('a generated secret'), 'eu/acme');

describe('pairKey', () => {
  test('E3.22 is the same for the same pair and another for every other pair or secret', () => {
    const print = (secret: string, pair: string) => fingerprint(pairKey(Buffer.from(secret), pair), '{}');
    expect(print('a generated secret', 'eu/acme')).toBe(fingerprint(key, '{}'));
    expect(print('a generated secret', 'us/acme')).not.toBe(fingerprint(key, '{}'));
    expect(print('another secret', 'eu/acme')).not.toBe(fingerprint(key, '{}'));
  });

  test('shows nothing of itself when printed', () => {
    expect(inspect(key)).not.toContain(key.export().toString('hex').slice(0, 8));
  });
});

describe('fingerprint', () => {
  test('stays what the ledgers in use have stored', () => {
    expect(fingerprint(key, '{"id":"a"}')).toBe('4eDKZIUF0dv_umeLib3wFQ');
  });

  test('is 22 characters that need no quoting anywhere', () => {
    expect(fingerprint(key, 'ü')).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  test('differs when the object differs', () => {
    expect(fingerprint(key, '{"id":"a"}')).not.toBe(fingerprint(key, '{"id":"b"}'));
  });
});

describe('listDigest', () => {
  const row = fc.oneof(fc.tuple(fc.string()), fc.tuple(fc.string(), fc.string()));

  test('the order in which a server lists names makes no difference', () => {
    const shuffled = fc
      .array(row)
      .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));
    fc.assert(
      fc.property(shuffled, ([rows, others]) => {
        expect(listDigest(key, others)).toBe(listDigest(key, rows));
      }),
    );
  });

  test('one more name, another fingerprint or names that run together make a difference', () => {
    expect(listDigest(key, [['a'], ['b']])).not.toBe(listDigest(key, [['a']]));
    expect(listDigest(key, [['a', 'x']])).not.toBe(listDigest(key, [['a', 'y']]));
    expect(listDigest(key, [['a', 'x']])).not.toBe(listDigest(key, [['a']]));
    expect(listDigest(key, [['a\nb']])).not.toBe(listDigest(key, [['a'], ['b']]));
    expect(listDigest(key, [])).not.toBe(listDigest(key, [['']]));
  });
});
