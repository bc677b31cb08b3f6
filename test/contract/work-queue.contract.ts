import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../lib/model/copy-message.ts';
import type { WorkQueue } from '../../lib/ports/work-queue.ts';

/** A message on the consumer's side. */
export interface DeliveredMessage {
  readonly message: OutgoingMessage;
  acknowledge(): Promise<void>;
}

/** An empty queue with both of its sides. */
export interface WorkQueueWithConsumer {
  readonly queue: WorkQueue;
  /** What can be had now, of one group or of several, at most `maxMessages` (≤ 10); empty when nothing can. */
  receive(maxMessages: number): Promise<readonly DeliveredMessage[]>;
  /** Lets the visibility time-out of everything received so far pass. */
  passVisibility(): Promise<void>;
  close(): Promise<void>;
}

const message = (groupId: string, name: string): OutgoingMessage => ({
  pair: 'eu/acme',
  path: `/roles/${name}`,
  version: { epoch: 1, n: 1 },
  phase: 2,
  groupId,
  deduplicationId: `id of ${name}`,
});

const pathsOf = (deliveries: readonly DeliveredMessage[]) => deliveries.map((delivery) => delivery.message.path);

/** What every work queue must do. `open` makes a new, empty queue. */
export function describeWorkQueue(kind: string, open: () => Promise<WorkQueueWithConsumer>): void {
  describe(`work queue in ${kind}`, () => {
    let opened: WorkQueueWithConsumer;

    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    const send = (...messages: readonly OutgoingMessage[]) => opened.queue.send(messages);

    /** Receives and acknowledges until nothing comes any more. */
    async function drain(): Promise<readonly OutgoingMessage[]> {
      const drained: OutgoingMessage[] = [];
      for (;;) {
        const deliveries = await opened.receive(10);
        if (deliveries.length === 0) return drained;
        for (const delivery of deliveries) {
          drained.push(delivery.message);
          await delivery.acknowledge();
        }
      }
    }

    it('delivers a message as it was sent, once it is acknowledged never again', async () => {
      const sent = message('g', 'web');
      await send(sent);

      const deliveries = await opened.receive(10);
      expect(deliveries.map((delivery) => delivery.message)).toMatchObject([
        { pair: sent.pair, path: sent.path, version: sent.version },
      ]);
      await deliveries[0]?.acknowledge();

      expect(await opened.receive(10)).toEqual([]);
      await opened.passVisibility();
      expect(await opened.receive(10)).toEqual([]);
    });

    it('delivers each group in the order it was sent, however many messages are sent at once', async () => {
      const sent = Array.from({ length: 60 }, (_, i) => message(`g${i % 3}`, `r${i}`));

      expect(await send(...sent)).toEqual({ failed: [] });
      const drained = await drain();

      expect(drained).toHaveLength(60);
      for (const group of ['g0', 'g1', 'g2']) {
        const paths = (messages: readonly OutgoingMessage[]) =>
          messages
            .filter(({ path }) => `g${Number(path.slice('/roles/r'.length)) % 3}` === group)
            .map(({ path }) => path);
        expect(paths(drained)).toEqual(paths(sent));
      }
    });

    it('gives nothing more of a group while one of its messages is worked on, and goes on with other groups', async () => {
      await send(message('busy', 'first'), message('busy', 'second'));
      const first = await opened.receive(1);
      await send(message('free', 'other'), message('busy', 'third'));

      expect(pathsOf(first)).toEqual(['/roles/first']);
      expect(pathsOf(await opened.receive(10))).toEqual(['/roles/other']);
      expect(await opened.receive(10)).toEqual([]);
      await first[0]?.acknowledge();
      expect(pathsOf(await opened.receive(10))).toEqual(['/roles/second', '/roles/third']);
    });

    it('delivers what was not acknowledged again, in order and before what was sent later', async () => {
      await send(message('g', 'a'), message('g', 'b'), message('g', 'c'));
      const [done] = await opened.receive(10);
      await done?.acknowledge();
      await send(message('g', 'd'));

      expect(await opened.receive(10)).toEqual([]);
      await opened.passVisibility();

      expect((await drain()).map(({ path }) => path)).toEqual(['/roles/b', '/roles/c', '/roles/d']);
    });

    it('accepts a message with a known deduplication id and does not deliver it', async () => {
      await send(message('g', 'a'));
      await drain();

      expect(await send(message('g', 'a'), message('g', 'b'))).toEqual({ failed: [] });

      expect((await drain()).map(({ path }) => path)).toEqual(['/roles/b']);
    });
  });
}
