import { isLive, type LedgerEntry, unsyncedBucket } from '../model/ledger-entry.ts';
import { OBJECT_KINDS, type ObjectKind } from '../model/object-kind.ts';
import type { Seen } from '../model/seen.ts';
import type { ListPass } from './list-pass.ts';

/** A listed object before it is read by itself. */
export interface Listed {
  readonly kind: ObjectKind;
  /** Undefined: the ledger does not know it. */
  readonly entry: LedgerEntry | undefined;
  /** What bulk reading showed of it. */
  readonly seen: Seen | undefined;
  /** It was seen frozen, and frozen versions are not read in this pass. */
  readonly isTrusted: boolean;
}

/**
 * A search row that may be older than what the ledger was told: a change or a delete of which nobody has read the object since. It says
 * nothing.
 */
export const isOutdatedRow = (entry: LedgerEntry | undefined, seen: Seen | undefined): boolean =>
  entry !== undefined &&
  seen?.isFromSearch === true &&
  (!isLive(entry) || (entry.state === 'pending' && entry.seen === undefined));

/**
 * Whether the primary must be asked for the object by itself before the two are compared: bulk reading did not show it, or a search row
 * shows it as different. What waits to be copied needs no reading, because its copier reads it.
 */
export function mustBeRead(
  { kind, entry, seen, isTrusted }: Listed,
  { scope, takesBaseline }: Pick<ListPass, 'scope' | 'takesBaseline'>,
): boolean {
  if (entry === undefined || !isLive(entry)) {
    // A new definition is copied only as it was read before the content was listed.
    const isDefinition = OBJECT_KINDS[kind].stage > 1;
    return seen === undefined && (isDefinition || (entry === undefined && takesBaseline));
  }
  const isReadByCopier = entry.state === 'pending' && entry.sentAt === undefined;
  if (scope === 'names' || (isReadByCopier && seen === undefined)) return false;
  if (seen === undefined) return !(isTrusted && entry.isFrozen === true);
  return seen.isFromSearch && seen.fingerprint !== entry.seen;
}

/** Deleted after the list was read: that it is listed says nothing. */
export const isDeletedSince = (entry: LedgerEntry, listReadAt: number): boolean =>
  !isLive(entry) && entry.state === 'synced' && (entry.settledAt ?? 0) >= listReadAt;

/**
 * Whether the entry needs a new version because its object is listed: the entry awaits it as deleted, was settled on a replica that is
 * gone, or knows another body.
 */
export const isNewsTo = (
  entry: LedgerEntry,
  seen: Seen | undefined,
  { trustFrom }: Pick<ListPass, 'trustFrom'>,
): boolean =>
  !isLive(entry) ||
  (entry.version.epoch < trustFrom && entry.state !== 'pending') ||
  (seen !== undefined && seen.fingerprint !== entry.seen);

/** How far the clocks of two machines that work on a pair may differ. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * Whether a list that lacks the object proves anything. What was observed after the list was read cannot be expected in it; what was
 * observed in the future was by a clock that has been set back since.
 */
export function isMissed(entry: LedgerEntry, listReadAt: number, now: number): boolean {
  const observedAt = entry.pendingSince ?? entry.settledAt ?? 0;
  return observedAt < listReadAt || observedAt > now + CLOCKS_DIFFER_MS || entry.absent !== undefined;
}

/** Missed by an earlier inventory of this epoch too, in an earlier poll: the second names pass makes it a delete. */
export const isConfirmedAbsent = (
  entry: LedgerEntry,
  pass: Pick<ListPass, 'number' | 'firstOfEpoch' | 'firstOfPoll'>,
): boolean =>
  entry.absent !== undefined &&
  entry.absent >= pass.firstOfEpoch &&
  entry.absent < Math.min(pass.number, pass.firstOfPoll) &&
  unsyncedBucket(entry) !== 'held';
