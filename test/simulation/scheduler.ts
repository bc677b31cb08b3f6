import type { Chance } from './chance.ts';

/** One process at work: a poll or a copier. It does something only when the scheduler lets it go on. */
export interface Actor {
  readonly name: string;
  readonly startedAt: number;
  /** Its function's time is over then: it is killed, wherever it is. */
  readonly killedAt: number;
  /** Crashed, killed or done: whatever it still waits for never comes. */
  isGone: boolean;
}

/** What a process may meet while it waits. */
export interface ProcessFaults {
  /** Share of the waits at which the process crashes. */
  readonly crashShare: number;
  /** Share of the waits that take minutes: the process is frozen and goes on later as if nothing had been. */
  readonly stallShare: number;
}

/** Virtual time and every interleaving. Nothing here uses a real clock. */
export interface Scheduler {
  now(): number;
  /** An event of the world at that time (ms). */
  at(time: number, event: () => void): void;
  /**
   * Starts a process. `ended` is called once: `done`, `crashed` (or killed), or the error that ended it. `isSpared` processes never crash
   * by chance.
   */
  spawn(
    name: string,
    lifeMs: number,
    work: (actor: Actor) => Promise<unknown>,
    ended: (how: 'done' | 'crashed' | Error) => void,
  ): void;
  /** Resolves after that much virtual time, unless the process is gone by then; then `died` is called instead. */
  wait(actor: Actor, milliseconds: number, died?: () => void): Promise<void>;
  /** Ends every process that runs, as a machine that is switched off; or those that are hit. */
  crashAll(isHit?: (actor: Actor) => boolean): void;
  /** Processes that run. */
  running(): number;
  /** Runs until `isOver` or nothing is left to happen. */
  run(isOver: () => boolean): Promise<void>;
  setFaults(faults: ProcessFaults): void;
  /** Processes that crashed or were killed, and steps taken, so far. */
  counts(): { readonly crashes: number; readonly steps: number };
}

interface Event {
  readonly time: number;
  readonly order: number;
  readonly happen: () => void;
}

/** A frozen process is back after this, at most: longer than any lease. */
const LONGEST_STALL_MS = 8 * 60_000;

export function createScheduler(chance: Chance, startAt: number): Scheduler {
  const events = createEventHeap();
  const actors = new Map<Actor, (how: 'done' | 'crashed' | Error) => void>();
  let now = startAt;
  let order = 0;
  let crashes = 0;
  let steps = 0;
  let faults: ProcessFaults = { crashShare: 0, stallShare: 0 };

  const at = (time: number, happen: () => void): void => {
    order += 1;
    events.push({ time: Math.max(time, now), order, happen });
  };
  const end = (actor: Actor, how: 'done' | 'crashed' | Error): void => {
    const ended = actors.get(actor);
    if (ended === undefined) return;
    actors.delete(actor);
    actor.isGone = true;
    if (how === 'crashed') crashes += 1;
    ended(how);
  };

  return {
    now: () => now,
    at,
    spawn(name, lifeMs, work, ended) {
      const actor: Actor = { name, startedAt: now, killedAt: now + lifeMs, isGone: false };
      actors.set(actor, ended);
      work(actor).then(
        () => end(actor, 'done'),
        (error: unknown) => end(actor, error instanceof Error ? error : new Error(String(error))),
      );
    },
    wait(actor, milliseconds, died) {
      const isCrash = chance.happens(faults.crashShare);
      const stallMs = chance.happens(faults.stallShare) ? chance.between(0, LONGEST_STALL_MS) : 0;
      return new Promise((resolve) => {
        at(now + milliseconds + stallMs, () => {
          if (!actor.isGone && (isCrash || now >= actor.killedAt)) end(actor, 'crashed');
          if (actor.isGone) died?.();
          else resolve();
        });
      });
    },
    crashAll(isHit = () => true) {
      for (const actor of [...actors.keys()].filter(isHit)) end(actor, 'crashed');
    },
    running: () => actors.size,
    async run(isOver) {
      for (;;) {
        // Ticks come after every promise: whatever the last event set in motion has come to its next wait.
        await new Promise<void>((resolve) => process.nextTick(resolve));
        if (isOver()) return;
        const next = events.pop();
        if (next === undefined) return;
        now = next.time;
        steps += 1;
        next.happen();
      }
    },
    setFaults: (changed) => {
      faults = changed;
    },
    counts: () => ({ crashes, steps }),
  };
}

interface EventHeap {
  push(event: Event): void;
  pop(): Event | undefined;
}

const isBefore = (a: Event, b: Event): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

/** A binary heap: the earliest event first, those of one time in the order in which they were planned. */
function createEventHeap(): EventHeap {
  const heap: Event[] = [];
  return {
    push(event) {
      let place = heap.length;
      heap.push(event);
      while (place > 0) {
        const above = (place - 1) >> 1;
        const parent = heap[above];
        if (parent === undefined || isBefore(parent, event)) break;
        heap[place] = parent;
        place = above;
      }
      heap[place] = event;
    },
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first;
      let place = 0;
      for (;;) {
        let below = 2 * place + 1;
        let child = heap[below];
        const right = heap[below + 1];
        if (child === undefined) break;
        if (right !== undefined && isBefore(right, child)) {
          below += 1;
          child = right;
        }
        if (isBefore(last, child)) break;
        heap[place] = child;
        place = below;
      }
      heap[place] = last;
      return first;
    },
  };
}
