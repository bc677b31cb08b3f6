import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { OutgoingMessage } from '../model/copy-message.ts';
import type { WorkQueue } from '../ports/work-queue.ts';
import { copyMessageBody } from './copy-message-body.ts';

/** Longer than a copy may take (5 minutes): no message is ever with two copiers. The lanes are made with the same number. */
export const VISIBILITY_SECONDS = 360;

/** SendMessageBatch takes no more. */
const BATCH_SIZE = 10;

/** The URL of a lane's queue. */
export const laneUrl = (prefix: string, lane: string): string => `${prefix}${lane}.fifo`;

/** The lane whose queue has this URL or ARN. */
export const laneOf = (queue: string): string | undefined => /-lane-([0-9a-f]+)\.fifo$/.exec(queue)?.[1];

/** The sending side of the FIFO queue at `queueUrl`. Rejects when the queue cannot be reached at all; the ledger sends again. */
export function createSqsWorkQueue(client: SQSClient, queueUrl: string): WorkQueue {
  const sendBatch = async (batch: readonly OutgoingMessage[]): Promise<readonly OutgoingMessage[]> => {
    const { Failed = [] } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map((message, index) => ({
          Id: String(index),
          MessageBody: copyMessageBody(message),
          MessageGroupId: message.groupId,
          MessageDeduplicationId: message.deduplicationId,
        })),
      }),
    );
    const refused = new Set(Failed.map(({ Id }) => Id));
    return batch.filter((_, index) => refused.has(String(index)));
  };

  return {
    beganAt: 0,
    lane: laneOf(queueUrl),
    visibilitySeconds: VISIBILITY_SECONDS,
    async send(messages) {
      const failed: OutgoingMessage[] = [];
      for (let start = 0; start < messages.length; start += BATCH_SIZE) {
        const broken = new Set(failed.map(({ groupId }) => groupId));
        const batch = messages.slice(start, start + BATCH_SIZE);
        // Behind a message that was refused nothing of its group may go first.
        failed.push(...batch.filter(({ groupId }) => broken.has(groupId)));
        const free = batch.filter(({ groupId }) => !broken.has(groupId));
        if (free.length > 0) failed.push(...(await sendBatch(free)));
      }
      return { failed };
    },
  };
}
