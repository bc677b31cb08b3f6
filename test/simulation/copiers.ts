import { isDeletePhase } from '../../lib/model/phase.ts';
import { DELETES_PER_RUN } from '../../lib/plan/gate-phases.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import type { Batch, SimulatedQueue } from './simulated-queue.ts';

/** Copiers at a time, whosever messages they have. */
const COPIERS = 3;
const UPSERTS_AT_ONCE = 10;

/** What copiers do with the messages of one pair. */
export interface PairWork {
  /** A copier is killed after this. */
  readonly lifeMs: number;
  readonly begun: (name: string, batch: Batch) => void;
  readonly copy: (actor: Actor, batch: Batch) => Promise<unknown>;
  readonly ended: (name: string, how: 'done' | 'crashed' | Error) => void;
}

/** The copiers of one queue. Pairs may share them. */
export interface Copiers {
  readonly queue: SimulatedQueue;
  serve(pair: string, work: PairWork): void;
}

export function createCopiers(scheduler: Scheduler, queue: SimulatedQueue): Copiers {
  const pairs = new Map<string, PairWork>();
  let count = 0;
  let copying = 0;

  const start = (): void => {
    while (copying < COPIERS) {
      const batch = queue.receive((first) => (isDeletePhase(first.phase) ? DELETES_PER_RUN : UPSERTS_AT_ONCE));
      const work = pairs.get(batch?.messages[0]?.pair ?? '');
      if (batch === undefined || work === undefined) return;
      copying += 1;
      count += 1;
      const name = `copier ${count}`;
      work.begun(name, batch);
      scheduler.spawn(
        name,
        work.lifeMs,
        async (actor) => {
          await work.copy(actor, batch);
          queue.acknowledge(batch);
        },
        (how) => {
          copying -= 1;
          work.ended(name, how);
          scheduler.at(scheduler.now(), start);
        },
      );
    }
  };
  queue.onReady(start);

  return { queue, serve: (pair, work) => void pairs.set(pair, work) };
}
