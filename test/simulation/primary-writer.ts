import { listOf, type ObjectPath, trustedRef } from '../../lib/model/object-path.ts';
import type { Action } from '../../lib/model/phase.ts';
import { isFrozenObject } from '../../lib/plan/normalised-form.ts';
import type { Chance } from './chance.ts';
import type { MemoryFeed } from './memory-feed.ts';
import { filesOf, type MemoryOrg } from './memory-org.ts';
import { asKept, contentOf, objectText, usedCookbooks } from './object-texts.ts';
import type { Scheduler } from './scheduler.ts';
import type { Tell } from './story.ts';

/** Every object that people ever write on the primary: few enough that they meet each other. */
export const UNIVERSE: readonly ObjectPath[] = [
  '/cookbooks/apt/1.0.0',
  '/cookbooks/apt/1.1.0',
  '/cookbooks/web/2.0.0',
  '/cookbooks/db/0.1.0',
  ...[1, 2].map((n): ObjectPath => `/data/b${n}`),
  ...[1, 2].flatMap((bag) => [1, 2, 3].map((n): ObjectPath => `/data/b${bag}/i${n}`)),
  ...[1, 2, 3, 4, 5].map((n): ObjectPath => `/roles/r${n}`),
  ...[1, 2, 3].map((n): ObjectPath => `/environments/e${n}`),
];

/** Contents an object can have: few, so that A → B → A happens all the time. */
const CONTENTS = [0, 1, 2];
/** Share of the writes that rename an object, where it can be. */
const RENAMED_SHARE = 0.08;
/** A slow transaction commits this much later than it took its id, at most. */
const LATEST_COMMIT_MS = 90_000;

/** People at work on the primary, in a valid order: nothing is named that does not exist, nothing is deleted that is still named. */
export interface PrimaryWriter {
  /** What is there before the pair is made. */
  fill(): void;
  /** One create, update, forced or refused update of a frozen version, delete, re-creation or renaming, committed now or a little later. */
  writeSomething(lateCommitShare: number): void;
  /** Sets an object to a content, and tells the feed. A definition names these cookbook versions, else any that are there. */
  write(path: ObjectPath, content: number, uses?: readonly ObjectPath[]): void;
  /** Gives an object the name of another of its kind that is not there, and tells the feed in one of the ways a server may. */
  rename(path: ObjectPath, to: ObjectPath): void;
  /** Deletes an object, and tells the feed. */
  remove(path: ObjectPath): void;
  /** The server now holds just this. No feed and no event tells of it, and transactions under way never commit. */
  restore(held: ReadonlyMap<ObjectPath, string>): void;
}

/** Told of each write when it is committed. */
export type OnCommit = (path: ObjectPath, action: Action) => void;

export function createPrimaryWriter(
  org: MemoryOrg,
  feed: MemoryFeed,
  scheduler: Scheduler,
  chance: Chance,
  onCommit: OnCommit,
  tell: Tell | undefined,
): PrimaryWriter {
  /** Objects in a transaction; the database locks their rows. */
  let locked = new Set<ObjectPath>();

  const isNamed = (cookbook: ObjectPath): ObjectPath | undefined =>
    org.paths().find((path) => usedCookbooks(path, org.get(path)?.text ?? '').includes(cookbook));

  /** A free name of the same kind and, for an item, of the same bag. Cookbooks and bags are never renamed. */
  function newNameFor(path: ObjectPath): ObjectPath | undefined {
    const { kind } = trustedRef(path);
    if (org.get(path) === undefined || kind === 'cookbook_version' || kind === 'data_bag') return undefined;
    const list = listOf(trustedRef(path));
    const free = UNIVERSE.filter((other) => listOf(trustedRef(other)) === list && org.get(other) === undefined);
    return free.length === 0 ? undefined : chance.pick(free);
  }

  /** Pins name one version of a cookbook, run lists may name several. */
  const drawUses = (): readonly ObjectPath[] =>
    org.paths().filter((other) => other.startsWith('/cookbooks/') && !other.endsWith('1.1.0') && chance.happens(0.3));

  function set(path: ObjectPath, content: number, id: number, uses = drawUses()): void {
    const before = org.get(path)?.text;
    const text = asKept(before, objectText(path, content, { uses, isFrozen: chance.happens(0.15) }));
    const action = before === undefined ? 'create' : 'update';
    for (const file of filesOf(text)) org.files.add(file);
    org.put(path, text, 'people');
    feed.commit(id, path, action);
    onCommit(path, 'upsert');
    tell?.('people', `${action} on the primary with content ${content} (feed id ${id})`, path);
  }

  function drop(path: ObjectPath, id: number): void {
    const gone = org.remove(path);
    if (gone.length === 0) return;
    feed.commit(id, path, 'delete');
    onCommit(path, 'delete');
    tell?.('people', `delete on the primary (feed id ${id})`, path);
  }

  /**
   * One step, as a PUT of an environment with another name; tools delete and create. Nobody knows how the feed told of it, and an event
   * names the old one.
   */
  function rename(path: ObjectPath, to: ObjectPath): void {
    const text = org.get(path)?.text;
    if (text === undefined || org.get(to) !== undefined) return;
    const content = contentOf(text);
    org.remove(path);
    org.put(to, objectText(to, content, { uses: usedCookbooks(path, text) }), 'people');
    const told = chance.pick(['both', 'new name', 'old name'] as const);
    if (told === 'old name') feed.commit(feed.takeId(), path, 'update');
    else feed.commit(feed.takeId(), to, 'create');
    if (told === 'both') feed.commit(feed.takeId(), path, 'delete');
    onCommit(path, 'upsert');
    tell?.('people', `rename on the primary to ${to} (the feed tells of ${told})`, path);
  }

  /** What is written is decided when it is committed, so that the order stays valid. */
  function commit(path: ObjectPath, isDelete: boolean, content: number, id: number): void {
    locked.delete(path);
    const { container, kind } = trustedRef(path);
    if (isDelete) {
      const user = isNamed(path);
      if (user === undefined) drop(path, id);
      else if (!locked.has(user)) set(user, content, id);
      return;
    }
    const bag: ObjectPath = `/data/${container}`;
    if (kind === 'data_bag_item' && org.get(bag) === undefined) set(bag, 0, feed.takeId());
    if (kind === 'data_bag' && org.get(path) !== undefined) return;
    // Without `force` the server refuses to change a frozen version.
    if (isFrozenObject(kind, org.get(path)?.text ?? '{}') && chance.happens(0.5)) return;
    set(path, content, id);
  }

  return {
    fill() {
      for (const path of UNIVERSE) if (chance.happens(0.6)) commit(path, false, chance.pick(CONTENTS), feed.takeId());
    },
    writeSomething(lateCommitShare) {
      const path = chance.pick(UNIVERSE);
      if (locked.has(path) || locked.has(listOf(trustedRef(path)))) return;
      const to = chance.happens(RENAMED_SHARE) ? newNameFor(path) : undefined;
      if (to !== undefined && !locked.has(to)) {
        rename(path, to);
        return;
      }
      const isDelete = org.get(path) !== undefined && chance.happens(0.35);
      const content = chance.pick(CONTENTS);
      const id = feed.takeId();
      if (!chance.happens(lateCommitShare)) {
        commit(path, isDelete, content, id);
        return;
      }
      locked.add(path);
      const locks = locked;
      scheduler.at(scheduler.now() + chance.between(0, LATEST_COMMIT_MS), () => {
        if (locks === locked) commit(path, isDelete, content, id);
      });
    },
    rename,
    write: (path, content, uses) => set(path, content, feed.takeId(), uses),
    remove: (path) => drop(path, feed.takeId()),
    restore(held) {
      locked = new Set();
      for (const [path, text] of held) {
        for (const file of filesOf(text)) org.files.add(file);
        if (org.get(path)?.text !== text) org.put(path, text, 'people');
      }
      for (const path of org.paths()) if (!held.has(path)) org.remove(path);
    },
  };
}
