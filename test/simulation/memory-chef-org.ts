import { ChefRequestError, type RequestFailure } from '../../lib/model/chef-request-error.ts';
import { kindOfList, type ListPath, listOf, type ObjectPath, type ObjectRef } from '../../lib/model/object-path.ts';
import type { Side } from '../../lib/model/side.ts';
import type { ChefObject, ChefOrg, CookbookFiles, FeedAnswer, MissingObject } from '../../lib/ports/chef-org.ts';
import type { Chance } from './chance.ts';
import type { MemoryFeed } from './memory-feed.ts';
import { filesOf, type MemoryOrg, type Writer } from './memory-org.ts';
import { asKept } from './object-texts.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import type { Request, ServerFaults } from './server-faults.ts';

/** How far a server's search is behind its database in what there is; the rows themselves are read from the database. */
export interface SearchBehaviour {
  /** This server has a search. */
  readonly isThere: boolean;
  readonly lagMs: number;
}

/** What is looked at when a write reaches a server, before it takes effect. */
export interface WriteWatch {
  written(actor: Actor, side: Side, path: ObjectPath, text: string): void;
  removed(actor: Actor, side: Side, path: ObjectPath): void;
  /** What the sender believes of the object may be wrong: the write arrives when nobody waits for it, or a 409 was no answer to it. */
  misled(path: ObjectPath): void;
  /** A manifest was refused, and left something all the same. */
  refused(actor: Actor, side: Side, path: ObjectPath): void;
  /** The write or delete has taken effect. */
  changed(path: ObjectPath): void;
}

export interface MemoryChefOrgSettings {
  readonly side: Side;
  readonly actor: Actor;
  readonly org: MemoryOrg;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly faults: ServerFaults;
  readonly watch: WriteWatch;
  /** As whose a write of this process counts. */
  readonly writer: () => Writer;
  readonly search: SearchBehaviour;
  /** Undefined: this server has no feed. */
  readonly feed: () => MemoryFeed | undefined;
}

/** The false answers a request can get. */
interface Lies<T> {
  readonly notFound?: () => T;
  readonly empty?: () => T;
  /** What a 409 means for this request. */
  readonly conflict?: () => T;
  /** What the 404 of somebody else's page means for this request. */
  readonly page?: () => T;
}

/** A request that nobody waits for any more can still arrive this much later: a copier lives five minutes. */
const LATEST_ARRIVAL_MS = 4 * 60_000;
/** Slow servers: so a pass over contents is due every few polls only, and most of a poll is waiting, in which others get their turn. */
const SHORTEST_ANSWER_MS = 50;
const LONGEST_ANSWER_MS = 900;
const REQUEST_TIMEOUT_MS = 20_000;
/** How often the adapter sends a file whose arrival the store does not confirm. */
const UPLOAD_TRIES = 3;

/** One process's view of a memory organization: every request takes virtual time, may fail, lie, get lost, or arrive after its sender died. */
export function createMemoryChefOrg(settings: MemoryChefOrgSettings): ChefOrg {
  const { side, actor, org, scheduler, chance, faults, watch, search } = settings;

  const failure = (request: Request, rest: Omit<RequestFailure, 'side' | 'request'>): ChefRequestError =>
    new ChefRequestError({ side, request: `${request.method} ${request.path}`, ...rest });
  const refused = (request: Request, status: number, text: string): ChefRequestError =>
    failure(request, { cause: 'status', status, text });

  /** Where a request has no such lie, a server that would tell it fails, or does its work. */
  async function send<T>(request: Omit<Request, 'side'>, effect: () => T, lies: Lies<T> = {}): Promise<T> {
    const full = { ...request, side };
    const fate = faults.fateOf(full);
    const latencyMs = chance.between(SHORTEST_ANSWER_MS, LONGEST_ANSWER_MS);
    switch (fate.kind) {
      case 'status':
        await scheduler.wait(actor, latencyMs);
        if (fate.status === 409 && lies.conflict !== undefined) {
          if (request.writes !== undefined) watch.misled(request.writes);
          return lies.conflict();
        }
        throw refused(full, fate.status, fate.text);
      case 'page':
        await scheduler.wait(actor, latencyMs);
        if (fate.status === 404 && lies.page !== undefined) return lies.page();
        throw fate.status === 404
          ? refused(full, 404, 'no such page')
          : failure(full, { cause: 'unexpected-answer', status: 200, text: 'HTML instead of JSON' });
      case 'no answer':
        if (fate.effect === 'now') quietly(effect);
        if (fate.effect === 'late') arriveLate(full, effect);
        await scheduler.wait(actor, fate.cause === 'time-out' ? REQUEST_TIMEOUT_MS : latencyMs);
        throw failure(full, { cause: fate.cause, text: 'no answer' });
      case 'false 404':
        await scheduler.wait(actor, latencyMs);
        if (lies.notFound === undefined) throw refused(full, 500, 'internal service error');
        return lies.notFound();
      case 'empty list':
        return await served(full, latencyMs, lies.empty ?? effect);
      case 'served':
        return await served(full, latencyMs, effect);
    }
  }

  /** The server does its work when it gets the request or just before it answers: whatever happens meanwhile comes after or before it. */
  async function served<T>(request: Request, latencyMs: number, effect: () => T): Promise<T> {
    if (chance.happens(0.5)) {
      const outcome = outcomeOf(effect);
      await scheduler.wait(actor, latencyMs);
      return unwrap(outcome);
    }
    await scheduler.wait(actor, latencyMs, () => {
      if (chance.happens(0.5)) arriveLate(request, effect);
    });
    return effect();
  }

  const arriveLate = ({ writes }: Request, effect: () => unknown): void => {
    if (writes === undefined) return;
    scheduler.at(scheduler.now() + chance.between(0, LATEST_ARRIVAL_MS), () => {
      watch.misled(writes);
      quietly(effect);
    });
  };

  const read = (ref: ObjectRef): Promise<ChefObject | MissingObject> =>
    send<ChefObject | MissingObject>(
      { method: 'GET', path: ref.path, reads: ref.path },
      () => {
        const found = org.get(ref.path);
        return found === undefined ? { missing: true, isChefShaped: true } : { ref, text: found.text };
      },
      {
        notFound: () => ({ missing: true, isChefShaped: true }),
        page: () => ({ missing: true, isChefShaped: false }),
      },
    );

  /** A server that is full takes no further object. */
  const refuseOverQuota = (path: ObjectPath): void => {
    const status = faults.quotaStatus(side, org.paths().length);
    if (status !== undefined) throw refused({ side, method: 'PUT', path }, status, 'the limit of objects is reached');
  };

  const put = (path: ObjectPath, text: string): void => {
    watch.written(actor, side, path, text);
    org.put(path, text, settings.writer());
    watch.changed(path);
  };

  async function bringFiles(ref: ObjectRef, manifest: string, files: CookbookFiles): Promise<boolean> {
    const writes = ref.path;
    const missing = await send({ method: 'POST', path: '/sandboxes', writes }, () =>
      filesOf(manifest).filter((file) => !org.files.has(file)),
    );
    if (missing.length === 0) return false;
    for (const file of missing) {
      await files.open(file);
      await upload(file);
    }
    try {
      await send({ method: 'PUT', path: '/sandboxes/1', writes }, () => {
        if (missing.some((file) => !org.storedFiles.has(file)))
          throw refused({ side, method: 'PUT', path: '/sandboxes/1' }, 503, 'Committed incomplete sandbox');
        for (const file of missing) org.files.add(file);
      });
    } catch (error) {
      throw error instanceof ChefRequestError
        ? new ChefRequestError({ ...error.failure, isSandboxCommit: true })
        : error;
    }
    return true;
  }

  /** The store confirms the bytes it holds by their checksum; without that they are sent again. */
  async function upload(file: string): Promise<void> {
    const request = { method: 'PUT', path: `/files/${file}` } as const;
    for (let tries = 0; tries < UPLOAD_TRIES; tries += 1) {
      const isConfirmed = await send(request, () => {
        // Two copiers may bring one file side by side. That one's spoilt bytes replace the other's right ones is left out: nobody could
        // put it right, because the server asks for no file that it takes for committed.
        const areRight = org.storedFiles.get(file) === true || !faults.spoilsUpload(side);
        org.storedFiles.set(file, areRight);
        return areRight;
      });
      if (isConfirmed) return;
    }
    throw failure({ ...request, side }, { cause: 'unexpected-answer', status: 204, text: 'unconfirmed bytes' });
  }

  const putManifest = (ref: ObjectRef, manifest: string): Promise<'written' | 'files missing'> =>
    send({ method: 'PUT', path: ref.path, writes: ref.path }, () => {
      if (org.get(ref.path) === undefined) refuseOverQuota(ref.path);
      if (faults.collectsFiles(side)) org.collect(filesOf(manifest));
      if (filesOf(manifest).some((file) => !org.files.has(file))) {
        watch.refused(actor, side, ref.path);
        org.leaveHalfWritten(ref.path, manifest, settings.writer());
        return 'files missing';
      }
      put(ref.path, asKept(org.get(ref.path)?.text, manifest));
      return 'written';
    });

  return {
    side,
    probe: async () => ({ guid: await send({ method: 'GET', path: '' }, org.guid) }),

    async names(list) {
      const request = { method: 'GET', path: list } as const;
      // The lists of kinds are never falsely missing on Chef Infra Server 15.10, a bag's own list is.
      const notFound = list.startsWith('/data/') ? () => undefined : undefined;
      const names = await send<readonly string[] | undefined>(request, () => org.names(list), {
        notFound,
        empty: () => [],
      });
      if (names === undefined) throw refused({ ...request, side }, 404, `Cannot load data bag ${list}`);
      return names;
    },

    async bodies(list) {
      if (!search.isThere || kindOfList(list) === 'cookbook_version' || kindOfList(list) === 'data_bag')
        return undefined;
      return await send({ method: 'GET', path: `/search${list}` }, () => rows(list));
    },

    read,

    async create(ref, text) {
      return await send<'created' | 'exists' | 'no-container'>(
        { method: 'POST', path: listOf(ref), writes: ref.path },
        () => {
          if (ref.kind === 'data_bag_item' && org.get(`/data/${ref.container}`) === undefined) return 'no-container';
          if (org.get(ref.path) !== undefined) return 'exists';
          refuseOverQuota(ref.path);
          put(ref.path, text);
          return 'created';
        },
        {
          conflict: () => 'exists',
          ...(ref.kind === 'data_bag_item' ? { notFound: () => 'no-container' as const } : {}),
        },
      );
    },

    async replace(ref, text) {
      return await send<'replaced' | 'missing'>(
        { method: 'PUT', path: ref.path, writes: ref.path },
        () => {
          if (org.get(ref.path) === undefined) return 'missing';
          put(ref.path, text);
          return 'replaced';
        },
        { notFound: () => 'missing' },
      );
    },

    async writeCookbook(ref, manifest, files) {
      let hasProgressed = false;
      try {
        for (let round = 0; round < 2; round += 1) {
          hasProgressed = (await bringFiles(ref, manifest, files)) || hasProgressed;
          if ((await putManifest(ref, manifest)) === 'written') return;
        }
        throw failure(
          { side, method: 'PUT', path: ref.path },
          { cause: 'status', status: 400, text: 'checksum', isMissingChecksum: true },
        );
      } catch (error) {
        if (!hasProgressed || !(error instanceof ChefRequestError)) throw error;
        throw new ChefRequestError({ ...error.failure, hasProgressed });
      }
    },

    cookbookFiles: () => ({
      async open(checksum) {
        const request = { method: 'GET', path: `/files/${checksum}` } as const;
        const isThere = await send(request, () => org.files.has(checksum));
        if (!isThere) throw failure({ ...request, side }, { cause: 'object', status: 404, text: 'the file is lost' });
        return (async function* () {})();
      },
    }),

    async remove(ref) {
      return await send<'removed' | 'missing'>(
        { method: 'DELETE', path: ref.path, writes: ref.path },
        () => {
          if (org.get(ref.path) === undefined) return 'missing';
          watch.removed(actor, side, ref.path);
          org.remove(ref.path);
          watch.changed(ref.path);
          return 'removed';
        },
        { notFound: () => 'missing' },
      );
    },

    async updatedSince(seq): Promise<FeedAnswer> {
      try {
        return await send<FeedAnswer>({ method: 'GET', path: '/updated_since' }, () => {
          const feed = settings.feed();
          return feed === undefined
            ? { kind: 'absent', text: 'no such page' }
            : { kind: 'events', events: feed.after(seq), skipped: 0 };
        });
      } catch (error) {
        if (!(error instanceof ChefRequestError)) throw error;
        const { status } = error.failure;
        if (status === 401 || status === 403) return { kind: 'refused', status, text: error.failure.text };
        return { kind: 'unavailable', text: error.failure.text };
      }
    },

    lastTroubleAt: () => faults.lastTroubleAt(side),
  };

  function rows(list: ListPath): ReadonlyMap<string, string> {
    const then = scheduler.now() - search.lagMs;
    const found = new Map<string, string>();
    for (const { path, name } of org.everIn(list)) {
      const text = org.get(path)?.text;
      if (text !== undefined && org.textAt(path, then) !== undefined) found.set(name, text);
    }
    return found;
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

function outcomeOf<T>(effect: () => T): Outcome<T> {
  try {
    return { value: effect() };
  } catch (error) {
    return { error };
  }
}

function unwrap<T>(outcome: Outcome<T>): T {
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** Nobody waits for the answer. */
const quietly = (effect: () => unknown): void => void outcomeOf(effect);
