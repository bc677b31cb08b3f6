import type { WorkQueue } from '../ports/work-queue.ts';

/** The queue of those who only take messages, or only look. */
export const NOTHING_TO_SEND: WorkQueue = {
  beganAt: 0,
  visibilitySeconds: 0,
  send: () => Promise.reject(new Error('only a poll sends messages')),
};
