import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryWorkQueue, type MemoryWorkQueue } from '../../../lib/local/memory-work-queue.ts';
import type { OutgoingMessage } from '../../../lib/model/copy-message.ts';

const message = (groupId: string, name: string): OutgoingMessage => ({
  pair: 'eu/acme',
  path: `/roles/${name}`,
  version: { epoch: 1, n: 1 },
  phase: 2,
  groupId,
  deduplicationId: `id of ${name}`,
});

let now: number;
let queue: MemoryWorkQueue;

beforeEach(() => {
  now = 1000;
  queue = createMemoryWorkQueue({ now: () => now, visibilitySeconds: 360 });
});

const never = new AbortController().signal;

/** Whether a copier that waits now would be woken up by `event`. */
async function wakesUp(event: () => unknown, signal = never): Promise<boolean> {
  let isAwake = false;
  const waiting = queue.wait(signal).then(() => {
    isAwake = true;
  });
  await event();
  await new Promise((resolve) => setImmediate(resolve));
  if (isAwake) await waiting;
  return isAwake;
}

describe('createMemoryWorkQueue', () => {
  it('began when it was made: earlier messages are gone', () => {
    now = 5000;

    expect(queue.beganAt).toBe(1000);
    expect(queue.visibilitySeconds).toBe(360);
  });

  it('delivers a known deduplication id again after five minutes', async () => {
    await queue.send([message('g', 'a')]);
    for (const received of queue.receive(10)) queue.acknowledge(received);

    now += 5 * 60 * 1000 - 1;
    await queue.send([message('g', 'a')]);
    expect(queue.receive(10)).toEqual([]);
    now += 1;
    await queue.send([message('g', 'a')]);

    expect(queue.receive(10)).toHaveLength(1);
  });

  it('takes no acknowledgement of a delivery that was hidden too long', async () => {
    await queue.send([message('g', 'a'), message('g', 'b')]);
    const late = queue.receive(10);
    now += 360_000;

    for (const received of late) queue.acknowledge(received);
    const again = queue.receive(10);
    for (const received of late) queue.acknowledge(received);

    expect(again.map(({ path }) => path)).toEqual(['/roles/a', '/roles/b']);
    expect(queue.inFlight()).toBe(2);
  });

  it('counts what waits and what is worked on', async () => {
    await queue.send([message('g', 'a'), message('g', 'b'), message('h', 'c')]);
    expect([queue.waiting(), queue.inFlight()]).toEqual([3, 0]);

    const [first] = queue.receive(10);
    expect([queue.waiting(), queue.inFlight()]).toEqual([1, 2]);
    if (first !== undefined) queue.acknowledge(first);
    expect([queue.waiting(), queue.inFlight()]).toEqual([1, 1]);
    now += 360_000;

    expect([queue.waiting(), queue.inFlight()]).toEqual([2, 0]);
  });

  it('serves groups by turns, not one until it is empty', async () => {
    await queue.send([message('g', 'g1'), message('g', 'g2'), message('h', 'h1'), message('h', 'h2')]);
    const served: string[] = [];
    for (let i = 0; i < 4; i++) {
      for (const received of queue.receive(1)) {
        served.push(received.path);
        queue.acknowledge(received);
      }
    }

    expect(served).toEqual(['/roles/g1', '/roles/h1', '/roles/g2', '/roles/h2']);
  });

  it('drains 20,000 groups', async () => {
    await queue.send(Array.from({ length: 20_000 }, (_, i) => message(`g${i}`, `r${i}`)));
    let drained = 0;
    for (let batch = queue.receive(10); batch.length > 0; batch = queue.receive(10)) {
      for (const received of batch) queue.acknowledge(received);
      drained += batch.length;
    }

    expect(drained).toBe(20_000);
    expect([queue.waiting(), queue.inFlight()]).toEqual([0, 0]);
  });

  describe('wait', () => {
    it('wakes up at once when there is something to receive', async () => {
      await queue.send([message('g', 'a')]);

      expect(await wakesUp(() => {})).toBe(true);
    });

    it('wakes up all who wait when a message is sent', async () => {
      const waiting = [queue.wait(never), queue.wait(never)];
      await queue.send([message('g', 'a')]);

      await Promise.all(waiting);
      expect(queue.receive(10)).toHaveLength(1);
    });

    it('sleeps on when the message belongs to a group that is worked on, and wakes up when that is done', async () => {
      await queue.send([message('g', 'a')]);
      const [received] = queue.receive(10);

      expect(await wakesUp(() => queue.send([message('g', 'b')]))).toBe(false);
      expect(await wakesUp(() => received && queue.acknowledge(received))).toBe(true);
      expect(queue.receive(10).map(({ path }) => path)).toEqual(['/roles/b']);
    });

    it('finds a message that was hidden too long', async () => {
      await queue.send([message('g', 'a')]);
      queue.receive(10);
      now += 360_000;

      expect(await wakesUp(() => {})).toBe(true);
    });

    it('wakes up when the copier is told to stop', async () => {
      const stop = new AbortController();

      expect(await wakesUp(() => stop.abort(), stop.signal)).toBe(true);
      expect(await wakesUp(() => {}, stop.signal)).toBe(true);
    });
  });
});
