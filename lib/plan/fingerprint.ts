import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/**
 * 128 bits: a fingerprint is only ever compared with others of the same object, so an accidental match has a chance of 2^-128, and a
 * ledger row carries 22 characters instead of 43.
 */
const FINGERPRINT_BYTES = 16;

/**
 * The key of one pair's fingerprints, derived from the one generated secret (HKDF-SHA-256, RFC 5869). A key of its own per pair keeps equal
 * objects of two pairs from looking equal in the table. A `KeyObject`, because it prints as `KeyObject` wherever it gets by mistake.
 * Never derived from a Chef key: rotating those must not make every object look changed.
 */
export function pairKey(secret: KeyObject | Uint8Array, pairName: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `chef-sync fingerprint ${pairName}`, 32)));
}

/**
 * HMAC-SHA-256 of an object's normalised form, 22 characters of base64url. Keyed, because a plain hash of a small secret (a password in a
 * data bag) could be guessed from the table.
 */
export function fingerprint(key: KeyObject, normalised: string): string {
  const mac = createHmac('sha256', key).update('object\n').update(normalised).digest();
  return mac.subarray(0, FINGERPRINT_BYTES).toString('base64url');
}

/**
 * Digest of a list: equal if and only if the lists hold the same names, with the same fingerprints where rows have them. The order of the
 * rows means nothing, because servers answer lists in any order.
 */
export function listDigest(key: KeyObject, rows: Iterable<readonly [name: string, fingerprint?: string]>): string {
  const mac = createHmac('sha256', key).update('list\n');
  // JSON keeps the rows apart: no name can run into the next one.
  for (const line of Array.from(rows, (row) => JSON.stringify(row)).sort()) mac.update(line).update('\n');
  return mac.digest().subarray(0, FINGERPRINT_BYTES).toString('base64url');
}
