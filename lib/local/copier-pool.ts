import type { OutgoingMessage } from '../model/copy-message.ts';
import type { MemoryWorkQueue, ReceivedMessage } from './memory-work-queue.ts';

export interface CopierPoolOptions {
  readonly queue: MemoryWorkQueue;
  /** Copiers of one replica server that work side by side. */
  readonly size: number;
  /** Messages of one group that a copier takes at a time, by the first of them. */
  readonly batchSize: (first: OutgoingMessage) => number;
  /** Copies the objects of messages of one group. Resolves when the ledger has recorded what happened to them. */
  readonly copy: (messages: readonly ReceivedMessage[]) => Promise<void>;
  /** A fault of ours, or of the state file: the messages come again. */
  readonly onFault: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * Copiers of one replica server. Each takes the messages of one group, in order, and acknowledges them when the ledger has recorded what
 * happened; messages whose recording failed come again after the visibility time. Resolves after the signal, when every copy under way
 * has ended.
 */
export async function runCopiers({ queue, size, batchSize, copy, onFault, signal }: CopierPoolOptions): Promise<void> {
  const copier = async (): Promise<void> => {
    while (!signal.aborted) {
      const messages = queue.receive(batchSize);
      if (messages.length === 0) {
        await queue.wait(signal);
        continue;
      }
      try {
        await copy(messages);
        for (const message of messages) queue.acknowledge(message);
      } catch (error) {
        onFault(error);
      }
    }
  };
  await Promise.all(Array.from({ length: size }, copier));
}
