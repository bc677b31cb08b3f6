import { runCopiers } from '../local/copier-pool.ts';
import { createMemoryWorkQueue, type MemoryWorkQueue, type ReceivedMessage } from '../local/memory-work-queue.ts';
import type { OutgoingMessage } from '../model/copy-message.ts';
import { isDeletePhase } from '../model/phase.ts';
import { DELETES_PER_RUN } from '../plan/gate-phases.ts';
import type { Clock } from '../ports/clock.ts';
import { type Crew, createCrew } from './crew.ts';

/** A received message stays hidden for 6 minutes: longer than any copy may take, as on AWS. */
const VISIBILITY_SECONDS = 360;
/** Upserts of one group that a copier takes at a time, as SQS gives them to a Lambda. */
const UPSERTS_AT_ONCE = 10;

/** The queue of each replica server and the copiers that work on it. */
export interface LocalCopiers {
  queueOf(replicaUrl: string): MemoryWorkQueue;
  /** So many copiers side by side for each replica server. A server that is not named keeps those it has, for what is still queued. */
  resize(sizes: ReadonlyMap<string, number>): Promise<void>;
  /** Runs work beside the copiers and ends them with it: copies under way end first. */
  beside<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when the copies that are under way now have ended. */
  settled(): Promise<void>;
}

export interface LocalCopiersOptions {
  readonly clock: Clock;
  /** Copies the objects of messages of one group; the ledger then knows how each one ended. */
  readonly copy: (messages: readonly ReceivedMessage[]) => Promise<void>;
  /** A fault of ours, or of the state file: the messages come again. */
  readonly onFault: (error: unknown) => void;
}

/** No copier works before `beside`. */
export function createLocalCopiers({ clock, copy, onFault }: LocalCopiersOptions): LocalCopiers {
  const queues = new Map<string, MemoryWorkQueue>();
  const sizes = new Map<string, number>();
  const copies = new Set<Promise<void>>();
  let crew: Crew | undefined;

  const queueOf = (url: string): MemoryWorkQueue => {
    const queue = queues.get(url) ?? createMemoryWorkQueue({ now: clock.now, visibilitySeconds: VISIBILITY_SECONDS });
    queues.set(url, queue);
    return queue;
  };
  const copyWatched = async (messages: readonly ReceivedMessage[]): Promise<void> => {
    const copying = copy(messages);
    copies.add(copying);
    try {
      await copying;
    } finally {
      copies.delete(copying);
    }
  };
  const begin = (url: string, size: number): void =>
    crew?.begin(url, (signal) =>
      runCopiers({ queue: queueOf(url), size, signal, batchSize, copy: copyWatched, onFault }),
    );

  return {
    queueOf,
    async resize(next) {
      await Promise.all(
        [...next].map(async ([url, size]) => {
          if (sizes.get(url) === size) return;
          sizes.set(url, size);
          await crew?.end(url);
          begin(url, size);
        }),
      );
    },
    async beside(work) {
      const ending = new AbortController();
      crew = createCrew(ending.signal);
      for (const [url, size] of sizes) begin(url, size);
      try {
        return await work();
      } finally {
        ending.abort();
        await crew.done();
        crew = undefined;
      }
    },
    async settled() {
      await Promise.allSettled(copies);
    },
  };
}

/** Deletes share their evidence, which takes a pause: all of a run together. */
const batchSize = ({ phase }: OutgoingMessage): number => (isDeletePhase(phase) ? DELETES_PER_RUN : UPSERTS_AT_ONCE);
