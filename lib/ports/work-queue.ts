import type { OutgoingMessage } from '../model/copy-message.ts';

/**
 * The sending side of a pair's lane. Delivery is at least once, in order within a group. Nothing depends on the queue being exact: the
 * ledger sends again what was lost.
 */
export interface WorkQueue {
  /** Puts messages into the queue, in order. Those that were not accepted are returned, never dropped silently. */
  send(messages: readonly OutgoingMessage[]): Promise<{ readonly failed: readonly OutgoingMessage[] }>;
  /** Messages sent before this time (ms) are certainly gone: a queue in memory began then. 0 for a queue that keeps them. */
  readonly beganAt: number;
  /** Name of the lane, where a pair can be given another one. */
  readonly lane?: string;
  /** How long a received message stays hidden from other copiers. */
  readonly visibilitySeconds: number;
}
