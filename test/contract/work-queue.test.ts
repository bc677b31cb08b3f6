import { createMemoryWorkQueue } from '../../lib/local/memory-work-queue.ts';
import { describeWorkQueue } from './work-queue.contract.ts';

describeWorkQueue('memory', async () => {
  let now = 0;
  const queue = createMemoryWorkQueue({ now: () => now, visibilitySeconds: 360 });
  return {
    queue,
    receive: async (maxMessages) =>
      queue.receive(maxMessages).map((received) => ({
        message: received,
        acknowledge: async () => queue.acknowledge(received),
      })),
    async passVisibility() {
      now += 360_000;
    },
    close: async () => {},
  };
});
