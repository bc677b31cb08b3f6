import type { MemoryWorkQueue, ReceivedMessage } from './memory-work-queue.ts';

/** Messages of one group that a copier takes at a time, as SQS gives them to a Lambda. */
const BATCH = 10;

export interface CopierPoolOptions {
  readonly queue: MemoryWorkQueue;
  /** Copiers of one replica server that work side by side. */
  readonly size: number;
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
export async function runCopiers({ queue, size, copy, onFault, signal }: CopierPoolOptions): Promise<void> {
  const copier = async (): Promise<void> => {
    while (!signal.aborted) {
      const messages = queue.receive(BATCH);
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
