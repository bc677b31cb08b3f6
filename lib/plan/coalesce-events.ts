import { type ObjectRef, parseObjectPath } from '../model/object-path.ts';
import type { FeedCursor } from '../model/pair-state.ts';
import type { Action } from '../model/phase.ts';

/** One event of the feed as it came. */
export interface RawEvent {
  readonly id: string;
  readonly path: string;
  readonly action: 'create' | 'update' | 'delete';
}

export interface FeedChange {
  readonly ref: ObjectRef;
  readonly action: Action;
  readonly feedId: string;
}

export interface CoalescedEvents {
  /** One per object, in the order of their ids. */
  readonly changes: readonly FeedChange[];
  /** Paths of no known kind: reported, and left to the inventory. */
  readonly unknownPaths: readonly string[];
  /** The event with the largest id. */
  readonly end?: FeedCursor;
}

const byId = (a: RawEvent, b: RawEvent): number => {
  const [x, y] = [BigInt(a.id), BigInt(b.id)];
  return x < y ? -1 : x > y ? 1 : 0;
};

/** The last event of a path wins, whatever the order they came in. Right because the copier reads the current state anyway. */
export function coalesceEvents(events: readonly RawEvent[]): CoalescedEvents {
  const ordered = events.toSorted(byId);
  const latest = new Map<string, FeedChange>();
  const unknownPaths = new Set<string>();
  for (const event of ordered) {
    const ref = parseObjectPath(event.path);
    if ('unknown' in ref) {
      unknownPaths.add(event.path);
      continue;
    }
    latest.delete(ref.path);
    latest.set(ref.path, { ref, action: event.action === 'delete' ? 'delete' : 'upsert', feedId: event.id });
  }
  const last = ordered.at(-1);
  return {
    changes: [...latest.values()],
    unknownPaths: [...unknownPaths],
    end: last && { id: last.id, path: last.path, action: last.action },
  };
}
