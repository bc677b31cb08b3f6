export type FeedAction = 'create' | 'update' | 'delete';

/** One event of the feed; `path` is relative to the organization, `/roles/web`. */
export interface FeedEvent {
  readonly id: bigint;
  readonly action: FeedAction;
  readonly path: string;
}

/**
 * The change feed of one organization, as `GET /updated_since` shows it. Switches make it behave badly on command: ids
 * that commit late, a reset, paths with the organization's prefix.
 */
export class UpdatedSinceFeed {
  /** False: the route does not exist, as on every server of today (404 HTML). */
  isServed: boolean;
  /** True: paths begin with `/organizations/ORG`. */
  hasOrganizationPrefix = false;
  /** While true, new events take their id but stay invisible until `commitLate`. */
  holdsNewEvents = false;

  private events: FeedEvent[] = [];
  private held: FeedEvent[] = [];
  private nextId = 1n;

  constructor(isServed: boolean) {
    this.isServed = isServed;
  }

  append(action: FeedAction, path: string): void {
    const event = { id: this.nextId, action, path };
    this.nextId += 1n;
    (this.holdsNewEvents ? this.held : this.events).push(event);
  }

  /** Makes the held events visible, at the place of their ids, and stops holding. */
  commitLate(): void {
    this.holdsNewEvents = false;
    this.events = [...this.events, ...this.held].sort((left, right) => (left.id < right.id ? -1 : 1));
    this.held = [];
  }

  /** Forgets every event; the next one has id `nextId` (default 1: the ids restart below what readers have seen). */
  reset(nextId = 1n): void {
    this.events = [];
    this.held = [];
    this.nextId = nextId;
  }

  /** Forgets the events below an id, as a server with a retention time does; ids go on. */
  dropBefore(id: bigint): void {
    this.events = this.events.filter((event) => event.id >= id);
  }

  /** The visible events above `seq`, ascending. */
  since(seq: bigint): readonly FeedEvent[] {
    return this.events.filter((event) => event.id > seq);
  }

  /** An independent copy, for a snapshot of the organization. */
  copy(): UpdatedSinceFeed {
    const copy = new UpdatedSinceFeed(this.isServed);
    copy.hasOrganizationPrefix = this.hasOrganizationPrefix;
    copy.holdsNewEvents = this.holdsNewEvents;
    copy.events = [...this.events];
    copy.held = [...this.held];
    copy.nextId = this.nextId;
    return copy;
  }
}
