import type { UnsyncedBucket } from '../model/ledger-entry.ts';
import { NAMED_CONTENT_LIST } from '../model/object-kind.ts';
import { type ListPath, listOf, nameInList, type ObjectPath, trustedRef } from '../model/object-path.ts';
import type { Side } from '../model/side.ts';
import type { RowKey } from './dynamo-table.ts';

/**
 * THE table of keys. Names of Chef objects hold neither `#` nor `~`, so no key can be taken for one of another kind. All
 * rows of a pair are one partition: the local index, whose reads are consistent, needs that.
 */
export const pairPartition = (pair: string): string => `PAIR#${pair}`;

export const stateKey = (pair: string): RowKey => ({ pk: pairPartition(pair), sk: 'STATE' });

const ENTRIES_PREFIX = 'OBJ#';

/** Begins the sort keys of a list's members and of nothing else: `/data` does not begin `/data/users`. */
export const entriesPrefix = (list: ListPath): string => `${ENTRIES_PREFIX}${list}#`;

/** Begins the sort keys of a cookbook's versions and of nothing else. */
export const versionsPrefix = (cookbook: string): string => `${entriesPrefix(NAMED_CONTENT_LIST)}${cookbook}/`;

export function entryKey(pair: string, path: ObjectPath): RowKey {
  const ref = trustedRef(path);
  return { pk: pairPartition(pair), sk: `${entriesPrefix(listOf(ref))}${nameInList(ref)}` };
}

const LISTS_PREFIX = 'LIST#';

export const listsPrefix = (side: Side): string => `${LISTS_PREFIX}${side}#`;

export const listKey = (pair: string, side: Side, list: ListPath): RowKey => ({
  pk: pairPartition(pair),
  sk: `${listsPrefix(side)}${list}`,
});

export const HINTS_PREFIX = 'HINT#';

export const hintKey = (pair: string, path: ObjectPath): RowKey => ({
  pk: pairPartition(pair),
  sk: `${HINTS_PREFIX}${path}`,
});

export const PLANS_PREFIX = 'PLAN#';

export const planKey = (pair: string, id: string): RowKey => ({ pk: pairPartition(pair), sk: `${PLANS_PREFIX}${id}` });

/** One of them begins the sort key of every row of a pair but its state. */
export const PAIR_PREFIXES: readonly string[] = [ENTRIES_PREFIX, LISTS_PREFIX, HINTS_PREFIX, PLANS_PREFIX];

/** Begins the keys of one bucket in the local index. */
export const bucketPrefix = (bucket: UnsyncedBucket): string => `${bucket}#`;

/** Sorts by time: milliseconds have 13 digits until the year 2286. The path keeps entries of one time apart, in a stable order. */
export const unsyncedKey = (bucket: UnsyncedBucket, pendingSince: number, path: ObjectPath): string =>
  `${bucketPrefix(bucket)}${String(pendingSince).padStart(15, '0')}#${path}`;

/** Guids of the destinations of all pairs of the stack, one row each. */
export const DESTINATIONS_PARTITION = 'DESTINATIONS';

export const DESTINATIONS_PREFIX = 'PAIR#';

export const destinationKey = (pair: string): RowKey => ({
  pk: DESTINATIONS_PARTITION,
  sk: `${DESTINATIONS_PREFIX}${pair}`,
});

export const slotKey = (origin: string, slot: number): RowKey => ({ pk: `SERVER#${origin}`, sk: `SLOT#${slot}` });

/** A job has a partition of its own: whoever knows its id finds it, and a doctor's belongs to no pair. */
export const jobKey = (id: string): RowKey => ({ pk: `JOB#${id}`, sk: 'JOB' });

export const jobLinesKey = (id: string, chunk: number): RowKey => ({
  pk: `JOB#${id}`,
  sk: `LINES#${String(chunk).padStart(6, '0')}`,
});

/** The one job that may read a server at a time. */
export const jobSlotKey = (origin: string): RowKey => ({ pk: `SERVER#${origin}`, sk: 'JOB' });
