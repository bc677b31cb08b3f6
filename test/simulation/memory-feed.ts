import type { ObjectPath } from '../../lib/model/object-path.ts';
import type { FeedEvent } from '../../lib/ports/chef-org.ts';

/** The primary's change feed: ids are taken before the commit and become visible with it, so a smaller id can appear after a larger one. */
export interface MemoryFeed {
  takeId(): number;
  commit(id: number, path: ObjectPath, action: FeedEvent['action']): void;
  after(seq: string): readonly FeedEvent[];
  /** The server was restored: the feed begins again at 1 and its past is gone. */
  reset(): void;
  /** The server was restored: what was committed after that time is gone, and its ids are given again. */
  restore(time: number): void;
}

interface Committed {
  readonly id: number;
  readonly path: string;
  readonly action: FeedEvent['action'];
  readonly at: number;
}

export function createMemoryFeed(pathPrefix: string, now: () => number): MemoryFeed {
  let nextId = 1;
  let events: Committed[] = [];
  return {
    takeId() {
      nextId += 1;
      return nextId - 1;
    },
    commit(id, path, action) {
      events.push({ id, path: `${pathPrefix}${path}`, action, at: now() });
      events.sort((a, b) => a.id - b.id);
    },
    after: (seq) =>
      events
        .filter(({ id }) => BigInt(id) > BigInt(seq))
        .map(({ id, path, action }) => ({ id: `${id}`, path, action })),
    reset() {
      events = [];
      nextId = 1;
    },
    restore(time) {
      events = events.filter(({ at }) => at <= time);
      nextId = (events.at(-1)?.id ?? 0) + 1;
    },
  };
}
