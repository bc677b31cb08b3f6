import type { OutgoingMessage } from '../../lib/model/copy-message.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';

/** As SQS FIFO queues: an id seen in this time is accepted and not delivered. */
const DEDUPLICATION_MS = 5 * 60_000;
/** Then a message goes to the dead-letter queue, which here means that it is gone. */
const RECEIVES_BEFORE_DEAD = 5;

export interface QueueFaults {
  /** Share of the messages that are accepted and never delivered. */
  readonly lostShare: number;
  /** Share of the messages that are reported as failed; half of them are delivered all the same. */
  readonly failedShare: number;
  /** Share of the acknowledgements that are lost: the message comes again. */
  readonly acknowledgementLostShare: number;
}

/** Messages of one group, received together. */
export interface Batch {
  readonly groupId: string;
  readonly messages: readonly OutgoingMessage[];
  /** Hidden from others until then. */
  readonly visibleAt: number;
}

/** An SQS FIFO queue with its faults: groups in order and one at a time, delivery at least once, a deduplication window. */
export interface SimulatedQueue {
  /** Answers the messages that the queue says it did not take. */
  send(messages: readonly OutgoingMessage[]): readonly OutgoingMessage[];
  /** Messages of one group that nobody else is working on, chosen by lot; how many depends on the first. */
  receive(batchSize: (first: OutgoingMessage) => number): Batch | undefined;
  acknowledge(batch: Batch): void;
  /** A queue in memory dies with its process. */
  clear(): void;
  setFaults(faults: QueueFaults): void;
  /** Called whenever a group may have become free. */
  onReady(listener: () => void): void;
}

interface Waiting {
  readonly message: OutgoingMessage;
  receives: number;
}

interface Group {
  readonly waiting: Waiting[];
  lockedUntil: number;
  out: readonly Waiting[];
}

export function createSimulatedQueue(scheduler: Scheduler, chance: Chance, visibilitySeconds: number): SimulatedQueue {
  const groups = new Map<string, Group>();
  const accepted = new Map<string, number>();
  let faults: QueueFaults = { lostShare: 0, failedShare: 0, acknowledgementLostShare: 0 };
  let ready = (): void => {};

  const put = (message: OutgoingMessage): void => {
    const acceptedAt = accepted.get(message.deduplicationId);
    if (acceptedAt !== undefined && acceptedAt > scheduler.now() - DEDUPLICATION_MS) return;
    accepted.set(message.deduplicationId, scheduler.now());
    if (chance.happens(faults.lostShare)) return;
    const group = groups.get(message.groupId) ?? { waiting: [], lockedUntil: 0, out: [] };
    groups.set(message.groupId, group);
    group.waiting.push({ message, receives: 0 });
    scheduler.at(scheduler.now(), () => ready());
  };

  return {
    send(messages) {
      const failed: OutgoingMessage[] = [];
      for (const message of messages) {
        const isFailed = chance.happens(faults.failedShare);
        if (isFailed) failed.push(message);
        if (!isFailed || chance.happens(0.5)) put(message);
      }
      return failed;
    },
    receive(batchSize) {
      const now = scheduler.now();
      const free = [...groups].filter(([, group]) => group.waiting.length > 0 && group.lockedUntil <= now);
      if (free.length === 0) return undefined;
      const [groupId, group] = chance.pick(free);
      const [first] = group.waiting;
      const taken = first === undefined ? [] : group.waiting.slice(0, batchSize(first.message));
      for (const each of taken) each.receives += 1;
      const visibleAt = now + visibilitySeconds * 1000;
      group.lockedUntil = visibleAt;
      group.out = taken;
      scheduler.at(visibleAt, () => {
        if (group.out !== taken) return;
        group.out = [];
        for (const dead of taken.filter((each) => each.receives >= RECEIVES_BEFORE_DEAD)) {
          const place = group.waiting.indexOf(dead);
          if (place !== -1) group.waiting.splice(place, 1);
        }
        ready();
      });
      return { groupId, messages: taken.map(({ message }) => message), visibleAt };
    },
    acknowledge({ groupId, visibleAt }) {
      const group = groups.get(groupId);
      // Too late: the messages are, or will be, somebody else's.
      if (group === undefined || group.lockedUntil !== visibleAt || visibleAt <= scheduler.now()) return;
      const done = group.out.filter(() => !chance.happens(faults.acknowledgementLostShare));
      for (const each of done) group.waiting.splice(group.waiting.indexOf(each), 1);
      if (done.length < group.out.length) return;
      group.out = [];
      group.lockedUntil = 0;
      ready();
    },
    clear() {
      groups.clear();
      accepted.clear();
    },
    setFaults: (changed) => {
      faults = changed;
    },
    onReady: (listener) => {
      ready = listener;
    },
  };
}
