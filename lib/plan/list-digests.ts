import type { KeyObject } from 'node:crypto';
import type { Seen } from '../model/seen.ts';
import { listDigest } from './fingerprint.ts';

/** The digest of the names alone. */
export const namesDigest = (key: KeyObject, names: Iterable<string>): string =>
  listDigest(
    key,
    Array.from(names, (name) => [name]),
  );

/** Stands for whatever a frozen version holds. */
const FROZEN = 'frozen';

/**
 * The digest of what every pass over contents reads. Frozen versions stand in it by their names, read or not, because what they hold is
 * trusted between full readings; `trusted` are those that were not read.
 */
export const contentsDigest = (
  key: KeyObject,
  seen: ReadonlyMap<string, Seen>,
  trusted: Iterable<string> = [],
): string => {
  const read = [...seen].map(([name, { fingerprint, isFrozen }]) => [name, isFrozen ? FROZEN : fingerprint] as const);
  return listDigest(key, new Map([...read, ...Array.from(trusted, (name) => [name, FROZEN] as const)]));
};

/** The digest of what a full reading reads: with what frozen versions hold. */
export const wholeDigest = (key: KeyObject, seen: ReadonlyMap<string, Seen>): string =>
  listDigest(
    key,
    [...seen].map(([name, { fingerprint }]) => [name, fingerprint]),
  );
